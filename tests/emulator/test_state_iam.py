"""IAM, STS and DynamoDB's settings after a restart."""

from __future__ import annotations

import json

from sandbox.stack import instance
from tests.conftest import Emulator

READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"


def test_users_keys_and_policies_survive(tmp_path):
    port = instance.free_port()
    before = Emulator(instance.start("w", port=port, home=tmp_path))
    iam = before.client("iam")
    iam.create_user(UserName="ann")
    iam.attach_user_policy(UserName="ann", PolicyArn=READ_ONLY)
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"},
        ],
    }
    iam.create_role(RoleName="reader", AssumeRolePolicyDocument=json.dumps(trust))
    before.client("s3").create_bucket(Bucket="still-there")
    table = {"AttributeName": "p", "AttributeType": "S"}
    before.client("dynamodb").create_table(
        TableName="kept",
        AttributeDefinitions=[table],
        KeySchema=[{"AttributeName": "p", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        Tags=[{"Key": "a", "Value": "1"}],
    )
    before.instance.stop()

    after = Emulator(instance.start("w", port=port, home=tmp_path))
    mine = {"access_key": key["AccessKeyId"], "secret_key": key["SecretAccessKey"]}
    assert after.client("sts", **mine).get_caller_identity()["Arn"].endswith(":user/ann")
    assert after.client("s3", **mine).list_buckets()["Buckets"][0]["Name"] == "still-there"
    attached = after.client("iam").list_attached_user_policies(UserName="ann")["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in attached] == [READ_ONLY]
    assert after.client("iam").get_role(RoleName="reader")["Role"]["RoleName"] == "reader"
    arn = after.client("dynamodb").describe_table(TableName="kept")["Table"]["TableArn"]
    tags = after.client("dynamodb").list_tags_of_resource(ResourceArn=arn)["Tags"]
    assert tags == [{"Key": "a", "Value": "1"}]
    # The IAM calls go on working: no lock was restored as held.
    after.client("iam").create_user(UserName="bob")
    after.instance.stop()
