"""Identity pools: AWS credentials for users and guests."""
