"""A local-first sandbox for teaching and learning AWS without an AWS account."""

__version__ = "0.1.0"
