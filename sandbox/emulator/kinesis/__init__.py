"""Kinesis: upstream's provider over `kinesis-local`, installed at set-up."""
