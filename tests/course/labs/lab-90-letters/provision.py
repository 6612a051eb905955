"""The starting state: a table of the post office, in form of a bucket that is there already."""

from sandbox.labs import provisioning


def provision(aws, values):
    """Safe to run twice."""
    aws("s3").create_bucket(Bucket=f"post-office-{values['bucket']}")


if __name__ == "__main__":
    provisioning.run_alone(__file__)
