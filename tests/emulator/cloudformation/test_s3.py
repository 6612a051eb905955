"""Buckets from templates."""

from __future__ import annotations

import pytest

from tests.emulator.cloudformation.stacks import outputs, stack, update

SITE = {
    "Site": {
        "Type": "AWS::S3::Bucket",
        "Properties": {
            "PublicAccessBlockConfiguration": {"BlockPublicPolicy": "false"},
            "WebsiteConfiguration": {"IndexDocument": "index.html", "ErrorDocument": "sorry.html"},
            "VersioningConfiguration": {"Status": "Enabled"},
            "CorsConfiguration": {
                "CorsRules": [
                    {
                        "AllowedMethods": ["GET"],
                        "AllowedOrigins": ["*"],
                        "MaxAge": "60",
                        "Id": "all",
                    }
                ]
            },
            "LifecycleConfiguration": {
                "Rules": [
                    {
                        "Id": "old",
                        "Status": "Enabled",
                        "Prefix": "logs/",
                        "TagFilters": [{"Key": "keep", "Value": "no"}],
                        "ExpirationInDays": "30",
                        "Transitions": [{"StorageClass": "GLACIER", "TransitionInDays": 10}],
                        "NoncurrentVersionExpiration": {"NoncurrentDays": 5},
                    }
                ]
            },
            "Tags": [{"Key": "course", "Value": "cloud"}],
        },
    },
    "Policy": {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {
            "Bucket": {"Ref": "Site"},
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": "*",
                        "Action": "s3:GetObject",
                        "Resource": {"Fn::Sub": "${Site.Arn}/*"},
                    }
                ],
            },
        },
    },
}
OUTPUTS = {
    "Outputs": {
        "Bucket": {"Value": {"Ref": "Site"}},
        "Url": {"Value": {"Fn::GetAtt": ["Site", "WebsiteURL"]}},
        "Domain": {"Value": {"Fn::GetAtt": ["Site", "RegionalDomainName"]}},
    }
}


def test_a_site_from_a_template_answers(emulator):
    cloudformation, s3 = emulator.client("cloudformation"), emulator.client("s3")
    with stack(cloudformation, "site", SITE, template=OUTPUTS) as made:
        found = outputs(made)
        bucket = found["Bucket"]
        assert bucket.startswith("site-site-")
        assert found["Domain"] == f"{bucket}.s3.us-east-1.amazonaws.com"
        s3.put_object(Bucket=bucket, Key="index.html", Body=b"hello", ContentType="text/html")
        host = found["Url"].removeprefix("http://")
        assert host == f"{bucket}.s3-website.us-east-1.localhost:{emulator.port}"
        assert emulator.anonymous.get("/", headers={"Host": host}).text == "hello"
        assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
        (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
        assert rule["Filter"]["And"]["Tags"] == [{"Key": "keep", "Value": "no"}]
        assert rule["Expiration"] == {"Days": 30}
        assert s3.get_bucket_cors(Bucket=bucket)["CORSRules"][0]["MaxAgeSeconds"] == 60
        changed = {
            **SITE,
            "Site": {
                "Type": "AWS::S3::Bucket",
                "Properties": {
                    "PublicAccessBlockConfiguration": {"BlockPublicPolicy": False},
                },
            },
        }
        again = update(cloudformation, "site", changed, template=OUTPUTS)
        assert outputs(again)["Bucket"] == bucket
        assert emulator.anonymous.get("/", headers={"Host": host}).status_code == 404
        for version in s3.list_object_versions(Bucket=bucket)["Versions"]:
            s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
    with pytest.raises(s3.exceptions.ClientError):
        s3.head_bucket(Bucket=bucket)


def test_a_bucket_is_private_by_default(emulator):
    bucket = {"Type": "AWS::S3::Bucket"}
    with stack(
        emulator.client("cloudformation"),
        "private",
        {"B": bucket},
        template={"Outputs": {"Bucket": {"Value": {"Ref": "B"}}}},
    ) as made:
        name = outputs(made)["Bucket"]
        block = emulator.client("s3").get_public_access_block(Bucket=name)
        assert all(block["PublicAccessBlockConfiguration"].values())
