"""Lab 1 with boto3."""

import json
import mimetypes
import os
import subprocess
from pathlib import Path

import boto3

BUCKET = os.environ["LAB_BUCKET"]
PRESS_BUCKET = os.environ["LAB_PRESS_BUCKET"]
LOG = "logs/visits-2025-05.log"
s3 = boto3.client("s3")


def upload(file: Path, bucket: str, key: str) -> None:
    kind = mimetypes.guess_type(file.name)[0] or "binary/octet-stream"
    s3.put_object(Bucket=bucket, Key=key, Body=file.read_bytes(), ContentType=kind)


def public_access_block(bucket: str, *, acls: bool, policies: bool) -> None:
    s3.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": acls,
            "IgnorePublicAcls": acls,
            "BlockPublicPolicy": policies,
            "RestrictPublicBuckets": policies,
        },
    )


# The bucket and the site.
s3.create_bucket(Bucket=BUCKET)
site = Path("site")
for file in site.rglob("*"):
    if file.is_file():
        upload(file, BUCKET, file.relative_to(site).as_posix())

# One public object among private ones.
s3.create_bucket(Bucket=PRESS_BUCKET)
upload(site / "images/harbour.svg", PRESS_BUCKET, "poster.svg")
upload(site / "news.html", PRESS_BUCKET, "draft.html")
s3.put_bucket_ownership_controls(
    Bucket=PRESS_BUCKET,
    OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]},
)
public_access_block(PRESS_BUCKET, acls=False, policies=True)
s3.put_object_acl(
    Bucket=PRESS_BUCKET,
    Key="poster.svg",
    GrantRead='uri="http://acs.amazonaws.com/groups/global/AllUsers"',
)

# The policy.
public_access_block(BUCKET, acls=True, policies=False)
statement = {
    "Effect": "Allow",
    "Principal": {"AWS": "*"},
    "Action": ["s3:GetObject", "s3:GetObjectVersion"],
    "Resource": [f"arn:aws:s3:::{BUCKET}/*"],
}
policy = {"Version": "2012-10-17", "Statement": statement}
s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))

# Versions.
s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
for edition in ("first", "second", "third"):
    page = f"<!DOCTYPE html><title>News</title><p>{edition}: {os.environ['LAB_HEADLINE']}</p>"
    s3.put_object(Bucket=BUCKET, Key="news.html", Body=page.encode(), ContentType="text/html")
marker = s3.delete_object(Bucket=BUCKET, Key="visit.html")["VersionId"]
s3.delete_object(Bucket=BUCKET, Key="visit.html", VersionId=marker)

# Lifecycle and archive.
upload(Path(LOG), BUCKET, LOG)
s3.put_bucket_lifecycle_configuration(
    Bucket=BUCKET,
    LifecycleConfiguration={
        "Rules": [
            {
                "ID": "logs",
                "Status": "Enabled",
                "Filter": {"Prefix": "logs/"},
                "Transitions": [
                    {"Days": int(os.environ["LAB_WARM_DAYS"]), "StorageClass": "STANDARD_IA"},
                    {"Days": int(os.environ["LAB_ARCHIVE_DAYS"]), "StorageClass": "GLACIER"},
                ],
            }
        ]
    },
)
subprocess.run(["sandbox", "clock", "advance", "95d"], check=True)
s3.restore_object(
    Bucket=BUCKET,
    Key=LOG,
    RestoreRequest={"Days": 3, "GlacierJobParameters": {"Tier": "Expedited"}},
)
subprocess.run(["sandbox", "clock", "advance", "10m"], check=True)

# The website.
s3.put_bucket_website(
    Bucket=BUCKET,
    WebsiteConfiguration={
        "IndexDocument": {"Suffix": "index.html"},
        "ErrorDocument": {"Key": "error.html"},
    },
)
