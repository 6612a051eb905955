"""Tables: settings, indexes, tags, backups, isolation of accounts and regions."""

from __future__ import annotations

import json

import pytest

from tests.emulator.dynamodb_tables import KEY, create, item, refused


@pytest.fixture(scope="module")
def client(emulator):
    return emulator.client("dynamodb")


def test_a_table_describes_itself(client):
    name = create(
        client,
        BillingMode="PROVISIONED",
        ProvisionedThroughput={"ReadCapacityUnits": 7, "WriteCapacityUnits": 3},
        DeletionProtectionEnabled=True,
        TableClass="STANDARD_INFREQUENT_ACCESS",
    )
    table = client.describe_table(TableName=name)["Table"]
    assert table["TableArn"] == f"arn:aws:dynamodb:us-east-1:000000000000:table/{name}"
    assert table["TableStatus"] == "ACTIVE"
    assert table["ProvisionedThroughput"]["ReadCapacityUnits"] == 7
    assert table["TableClassSummary"]["TableClass"] == "STANDARD_INFREQUENT_ACCESS"
    with refused("ValidationException"):
        client.delete_table(TableName=name)
    client.update_table(TableName=name, DeletionProtectionEnabled=False)
    client.delete_table(TableName=name)
    client.get_waiter("table_not_exists").wait(
        TableName=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 50}
    )


def test_accounts_and_regions_do_not_see_each_other(emulator):
    name = "same-name"
    clients = {
        (account, region): emulator.client("dynamodb", access_key=account, region=region)
        for account, region in (
            ("111111111111", "us-east-1"),
            ("222222222222", "us-east-1"),
            ("111111111111", "eu-west-1"),
        )
    }
    for (account, region), client in clients.items():
        create(client, name)
        client.put_item(TableName=name, Item=item(f"{account} {region}", 1))
    for (account, region), client in clients.items():
        found = client.scan(TableName=name)["Items"]
        assert [entry["p"]["S"] for entry in found] == [f"{account} {region}"]
        arn = client.describe_table(TableName=name)["Table"]["TableArn"]
        assert arn == f"arn:aws:dynamodb:{region}:{account}:table/{name}"
    foreign = f"arn:aws:dynamodb:us-east-1:222222222222:table/{name}"
    with refused("AccessDeniedException"):
        clients["111111111111", "us-east-1"].get_item(TableName=foreign, Key=KEY)


def test_items_are_only_for_whom_a_policy_allows(emulator, client):
    iam = emulator.client("iam")
    name = create(client)
    client.put_item(TableName=name, Item=item("a", 1))
    user = iam.create_user(UserName="reader-of-one-partition")["User"]
    key = iam.create_access_key(UserName=user["UserName"])["AccessKey"]
    reader = emulator.client(
        "dynamodb", access_key=key["AccessKeyId"], secret_key=key["SecretAccessKey"]
    )
    with refused("AccessDeniedException") as caught:
        reader.get_item(TableName=name, Key=KEY)
    assert f"{user['Arn']} is not authorized to perform: dynamodb:GetItem" in str(caught.value)
    arn = client.describe_table(TableName=name)["Table"]["TableArn"]
    iam.put_user_policy(
        UserName=user["UserName"],
        PolicyName="read",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": ["dynamodb:GetItem", "dynamodb:Query"],
                        "Resource": arn,
                        "Condition": {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["a"]}},
                    }
                ],
            }
        ),
    )
    assert reader.get_item(TableName=name, Key=KEY)["Item"] == item("a", 1)
    for attempt in (
        lambda: reader.get_item(TableName=name, Key=item("b", 1)),
        lambda: reader.put_item(TableName=name, Item=item("a", 2)),
        lambda: reader.scan(TableName=name),
        lambda: reader.batch_write_item(
            RequestItems={name: [{"PutRequest": {"Item": item("a", 2)}}]}
        ),
    ):
        with refused("AccessDeniedException"):
            attempt()
    wrong = emulator.client("dynamodb", access_key=key["AccessKeyId"], secret_key="guessed")
    with refused("InvalidSignatureException"):
        wrong.get_item(TableName=name, Key=KEY)


def test_a_new_index_holds_every_item_when_it_is_active(client):
    name = create(client)
    for start in range(0, 500, 25):
        client.batch_write_item(
            RequestItems={
                name: [
                    {"PutRequest": {"Item": item("p", start + n, g={"S": f"g{n % 5}"})}}
                    for n in range(25)
                ]
            }
        )
    client.update_table(
        TableName=name,
        AttributeDefinitions=[
            {"AttributeName": attribute, "AttributeType": kind}
            for attribute, kind in (("p", "S"), ("s", "N"), ("g", "S"))
        ],
        GlobalSecondaryIndexUpdates=[
            {
                "Create": {
                    "IndexName": "by-g",
                    "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            }
        ],
    )
    index = client.describe_table(TableName=name)["Table"]["GlobalSecondaryIndexes"][0]
    assert index["IndexStatus"] == "ACTIVE"
    answer = client.query(
        TableName=name,
        IndexName="by-g",
        KeyConditionExpression="g = :g",
        ExpressionAttributeValues={":g": {"S": "g3"}},
        Select="COUNT",
    )
    assert answer["Count"] == 100


def test_tags(client):
    name = create(client, Tags=[{"Key": "course", "Value": "cloud"}])
    arn = client.describe_table(TableName=name)["Table"]["TableArn"]
    client.tag_resource(ResourceArn=arn, Tags=[{"Key": "lab", "Value": "04"}])
    client.untag_resource(ResourceArn=arn, TagKeys=["course"])
    assert client.list_tags_of_resource(ResourceArn=arn)["Tags"] == [{"Key": "lab", "Value": "04"}]
    with refused("ValidationException"):
        client.tag_resource(ResourceArn=arn, Tags=[{"Key": "aws:x", "Value": "1"}])
    with refused("ValidationException"):
        client.tag_resource(
            ResourceArn=arn, Tags=[{"Key": f"k{n}", "Value": "v"} for n in range(51)]
        )


def test_time_to_live_settings(client):
    name = create(client)

    def switch(enabled, attribute="expires"):
        client.update_time_to_live(
            TableName=name,
            TimeToLiveSpecification={"Enabled": enabled, "AttributeName": attribute},
        )

    status = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert status == {"TimeToLiveStatus": "DISABLED"}
    with refused("ValidationException", "TimeToLive is already disabled"):
        switch(False)
    switch(True)
    status = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert status == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
    with refused("ValidationException", "TimeToLive is already enabled"):
        switch(True)
    with refused(
        "ValidationException",
        "TimeToLive is active on a different AttributeName: current AttributeName is expires",
    ):
        switch(False, "other")


def test_a_backup_is_a_copy(client):
    name = create(client)
    client.put_item(TableName=name, Item=item("kept", 1, x={"S": "before"}))
    backup = client.create_backup(TableName=name, BackupName="first-backup")["BackupDetails"]
    assert backup["BackupStatus"] == "AVAILABLE"
    client.put_item(TableName=name, Item=item("kept", 1, x={"S": "after"}))
    restored = f"{name}-restored"
    description = client.restore_table_from_backup(
        TargetTableName=restored, BackupArn=backup["BackupArn"]
    )["TableDescription"]
    assert description["TableName"] == restored
    assert client.scan(TableName=restored)["Items"] == [item("kept", 1, x={"S": "before"})]
    with refused("TableAlreadyExistsException", f"Table already exists: {restored}"):
        client.restore_table_from_backup(TargetTableName=restored, BackupArn=backup["BackupArn"])
    listed = client.list_backups(TableName=name)["BackupSummaries"]
    assert [entry["BackupName"] for entry in listed] == ["first-backup"]
    described = client.describe_backup(BackupArn=backup["BackupArn"])["BackupDescription"]
    assert described["SourceTableDetails"]["TableName"] == name
    client.delete_backup(BackupArn=backup["BackupArn"])
    with refused("BackupNotFoundException", f"Backup not found: {backup['BackupArn']}"):
        client.describe_backup(BackupArn=backup["BackupArn"])
    with refused("TableNotFoundException", "Table not found: no-such-table"):
        client.create_backup(TableName="no-such-table", BackupName="none")


def test_point_in_time_recovery(client):
    name = create(client)
    client.put_item(TableName=name, Item=item("now", 1))

    def status():
        found = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        return found["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]

    assert status() == "DISABLED"
    restore = {
        "SourceTableName": name,
        "TargetTableName": f"{name}-now",
        "UseLatestRestorableTime": True,
    }
    with refused(
        "PointInTimeRecoveryUnavailableException",
        f"Point in time recovery is not enabled for table '{name}'",
    ):
        client.restore_table_to_point_in_time(**restore)
    client.update_continuous_backups(
        TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    assert status() == "ENABLED"
    client.restore_table_to_point_in_time(**restore)
    assert client.scan(TableName=f"{name}-now")["Count"] == 1


def test_what_the_sandbox_has_not_is_refused(client):
    name = create(client)
    arn = client.describe_table(TableName=name)["Table"]["TableArn"]
    with refused(
        "ValidationException", "ExportTableToPointInTime: the sandbox has no exports to S3."
    ):
        client.export_table_to_point_in_time(TableArn=arn, S3Bucket="bucket")
    with refused("ValidationException"):
        client.enable_kinesis_streaming_destination(
            TableName=name, StreamArn="arn:aws:kinesis:us-east-1:000000000000:stream/none-there"
        )
    with refused("ValidationException"):
        client.create_global_table(
            GlobalTableName=name, ReplicationGroup=[{"RegionName": "eu-west-1"}]
        )
    assert client.list_exports()["ExportSummaries"] == []


def test_limits_and_endpoints(client):
    assert client.describe_limits()["TableMaxReadCapacityUnits"] == 40000
    assert "Address" in client.describe_endpoints()["Endpoints"][0]


def test_cloudformation_makes_a_table(emulator, client):
    stacks = emulator.client("cloudformation")
    template = {
        "Resources": {
            "Readings": {
                "Type": "AWS::DynamoDB::Table",
                "Properties": {
                    "TableName": "made-by-a-stack",
                    "BillingMode": "PAY_PER_REQUEST",
                    "AttributeDefinitions": [
                        {"AttributeName": name, "AttributeType": "S"} for name in ("p", "g")
                    ],
                    "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}],
                    "GlobalSecondaryIndexes": [
                        {
                            "IndexName": "by-g",
                            "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
                            "Projection": {"ProjectionType": "KEYS_ONLY"},
                        }
                    ],
                    "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True},
                    "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
                },
            }
        },
        "Outputs": {"Stream": {"Value": {"Fn::GetAtt": ["Readings", "StreamArn"]}}},
    }
    stacks.create_stack(StackName="readings", TemplateBody=json.dumps(template))
    stacks.get_waiter("stack_create_complete").wait(
        StackName="readings", WaiterConfig={"Delay": 0.2, "MaxAttempts": 100}
    )
    (stack,) = stacks.describe_stacks(StackName="readings")["Stacks"]
    table = client.describe_table(TableName="made-by-a-stack")["Table"]
    assert stack["Outputs"][0]["OutputValue"] == table["LatestStreamArn"]
    status = client.describe_time_to_live(TableName="made-by-a-stack")["TimeToLiveDescription"]
    assert status["TimeToLiveStatus"] == "ENABLED"
