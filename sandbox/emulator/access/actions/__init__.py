"""Which IAM actions, resources and condition keys an operation of a service needs."""
