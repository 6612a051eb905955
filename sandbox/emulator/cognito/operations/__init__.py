"""The operations of the user pools API, one class per group of them."""
