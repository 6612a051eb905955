"""Resource policies of queues and topics decide about other accounts."""

from __future__ import annotations

import json

from tests.emulator.test_access_iam import error_of, unique

OTHER = "222222222222"


def document(action: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": OTHER},
        "Action": action,
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_queue(emulator):
    owner, other = emulator.client("sqs"), emulator.client("sqs", access_key=OTHER)
    url = owner.create_queue(QueueName=unique("queue"))["QueueUrl"]
    name = url.rsplit("/", 1)[-1]
    assert error_of(other.send_message, QueueUrl=url, MessageBody="x") == (
        403,
        "AccessDenied",
        f"User: arn:aws:iam::{OTHER}:root is not authorized to perform: sqs:SendMessage on "
        f"resource: arn:aws:sqs:us-east-1:000000000000:{name} because no resource-based policy "
        "allows the sqs:SendMessage action",
    )
    owner.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document("sqs:SendMessage")})
    assert other.send_message(QueueUrl=url, MessageBody="x")["MessageId"]
    assert error_of(other.receive_message, QueueUrl=url)[1] == "AccessDenied"
    assert owner.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "x"


def test_a_topic(emulator):
    owner, other = emulator.client("sns"), emulator.client("sns", access_key=OTHER)
    arn = owner.create_topic(Name=unique("topic"))["TopicArn"]
    assert error_of(other.publish, TopicArn=arn, Message="x")[1] == "AuthorizationError"
    owner.set_topic_attributes(
        TopicArn=arn, AttributeName="Policy", AttributeValue=document("sns:Publish")
    )
    assert other.publish(TopicArn=arn, Message="x")["MessageId"]
    assert error_of(other.delete_topic, TopicArn=arn)[1] == "AuthorizationError"
