"""What `make bench` runs: medians of whole operations as a user meets them."""
