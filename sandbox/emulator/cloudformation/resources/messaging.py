"""Queues, topics and rules: SQS, SNS and EventBridge.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SQS.html
"""

from __future__ import annotations

import json
from typing import Any

from localstack.services.cloudformation.resource_provider import ResourceRequest

from sandbox.emulator.cloudformation.resources.declared import (
    Model,
    Resource,
    differs,
    document,
    only,
    tag_list,
    tags_of,
    text,
    true,
)

# What a queue has when the template says nothing.
QUEUE_DEFAULTS = {
    "ContentBasedDeduplication": "false",
    "DeduplicationScope": "queue",
    "DelaySeconds": "0",
    "FifoThroughputLimit": "perQueue",
    "KmsDataKeyReusePeriodSeconds": "300",
    "KmsMasterKeyId": "",
    "MaximumMessageSize": "1048576",
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "RedriveAllowPolicy": "",
    "RedrivePolicy": "",
    "SqsManagedSseEnabled": "true",
    "VisibilityTimeout": "30",
}
SUBSCRIPTION_ATTRIBUTES = (
    "DeliveryPolicy",
    "FilterPolicy",
    "FilterPolicyScope",
    "RawMessageDelivery",
    "RedrivePolicy",
    "SubscriptionRoleArn",
)
TOPIC_ATTRIBUTES = (
    "ArchivePolicy",
    "ContentBasedDeduplication",
    "DisplayName",
    "FifoThroughputScope",
    "KmsMasterKeyId",
    "SignatureVersion",
    "TracingConfig",
)


def _attribute(value: Any) -> str:
    return json.dumps(value) if isinstance(value, dict | list) else text(value)


class Queue(Resource):
    """`AWS::SQS::Queue`."""

    TYPE = "AWS::SQS::Queue"
    REF = "QueueUrl"
    REPLACED_BY = ("QueueName", "FifoQueue")
    OPTIONAL = ("FifoQueue", "QueueName", "Tags", *QUEUE_DEFAULTS)
    ATTRIBUTES = ("Arn", "QueueName")

    def made(self, model: Model, request: ResourceRequest) -> Model:
        sqs = request.aws_client_factory.sqs
        fifo = true(model.get("FifoQueue"))
        name = model.get("QueueName") or self.default_name(request) + (".fifo" if fifo else "")
        attributes = {
            key: _attribute(model[key]) for key in QUEUE_DEFAULTS if model.get(key) is not None
        }
        if fifo:
            attributes["FifoQueue"] = "true"
        try:
            sqs.get_queue_url(QueueName=name)
        except sqs.exceptions.QueueDoesNotExist:
            pass
        else:
            from sandbox.emulator.cloudformation.deployment import AlreadyExists

            raise AlreadyExists(self.TYPE, name)
        url = sqs.create_queue(QueueName=name, Attributes=attributes, tags=tags_of(model))[
            "QueueUrl"
        ]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
        return {"QueueUrl": url, "QueueName": name, "Arn": found["QueueArn"]}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        sqs, url = request.aws_client_factory.sqs, model["QueueUrl"]
        change = {
            key: _attribute(model[key]) if model.get(key) is not None else default
            for key, default in QUEUE_DEFAULTS.items()
            if model.get(key) != previous.get(key)
        }
        if change:
            sqs.set_queue_attributes(QueueUrl=url, Attributes=change)
        old, new = tags_of(previous), tags_of(model)
        if gone := [key for key in old if key not in new]:
            sqs.untag_queue(QueueUrl=url, TagKeys=gone)
        if new and new != old:
            sqs.tag_queue(QueueUrl=url, Tags=new)
        return {}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        sqs = request.aws_client_factory.sqs
        try:
            sqs.delete_queue(QueueUrl=model["QueueUrl"])
        except sqs.exceptions.QueueDoesNotExist:
            pass


class QueuePolicy(Resource):
    """`AWS::SQS::QueuePolicy`."""

    TYPE = "AWS::SQS::QueuePolicy"
    REQUIRED = ("PolicyDocument", "Queues")

    def made(self, model: Model, request: ResourceRequest) -> Model:
        self._put(model["Queues"], document(model["PolicyDocument"]), request)
        return {"Id": self.default_name(request)}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        self._put(model["Queues"], document(model["PolicyDocument"]), request)
        gone = [url for url in previous.get("Queues") or () if url not in model["Queues"]]
        self._put(gone, "", request)
        return {}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        sqs = request.aws_client_factory.sqs
        for url in model["Queues"]:
            try:
                self._put([url], "", request)
            except sqs.exceptions.QueueDoesNotExist:
                pass

    @staticmethod
    def _put(urls: list[str], policy: str, request: ResourceRequest) -> None:
        for url in urls:
            request.aws_client_factory.sqs.set_queue_attributes(
                QueueUrl=url, Attributes={"Policy": policy}
            )


class Topic(Resource):
    """`AWS::SNS::Topic`."""

    TYPE = "AWS::SNS::Topic"
    REF = "TopicArn"
    REPLACED_BY = ("TopicName", "FifoTopic")
    OPTIONAL = (
        *TOPIC_ATTRIBUTES,
        "DataProtectionPolicy",
        "DeliveryStatusLogging",
        "FifoTopic",
        "Subscription",
        "Tags",
        "TopicName",
    )
    ATTRIBUTES = ("TopicName",)

    def made(self, model: Model, request: ResourceRequest) -> Model:
        fifo = true(model.get("FifoTopic"))
        name = model.get("TopicName") or self.default_name(request) + (".fifo" if fifo else "")
        attributes = {key: _attribute(model[key]) for key in TOPIC_ATTRIBUTES if key in model}
        if fifo:
            attributes["FifoTopic"] = "true"
        sns = request.aws_client_factory.sns
        arn = f"arn:aws:sns:{request.region_name}:{request.account_id}:{name}"
        try:
            sns.get_topic_attributes(TopicArn=arn)
        except sns.exceptions.NotFoundException:
            pass
        else:
            from sandbox.emulator.cloudformation.deployment import AlreadyExists

            raise AlreadyExists(self.TYPE, arn)
        made = sns.create_topic(Name=name, Attributes=attributes, Tags=tag_list(tags_of(model)))
        return {"TopicArn": made["TopicArn"], "TopicName": name}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        sns, arn = request.aws_client_factory.sns, model["TopicArn"]
        for key in TOPIC_ATTRIBUTES:
            if model.get(key) != previous.get(key):
                sns.set_topic_attributes(
                    TopicArn=arn, AttributeName=key, AttributeValue=_attribute(model.get(key, ""))
                )
        old, new = tags_of(previous), tags_of(model)
        if gone := [key for key in old if key not in new]:
            sns.untag_resource(ResourceArn=arn, TagKeys=gone)
        if new and new != old:
            sns.tag_resource(ResourceArn=arn, Tags=tag_list(new))
        return {}

    def completed(self, model: Model, previous: Model, request: ResourceRequest) -> None:
        sns, arn = request.aws_client_factory.sns, model["TopicArn"]
        old, new = previous.get("Subscription") or [], model.get("Subscription") or []
        for one in new:
            if one not in old:
                sns.subscribe(TopicArn=arn, Protocol=one["Protocol"], Endpoint=one["Endpoint"])
        gone = [(one["Protocol"], one["Endpoint"]) for one in old if one not in new]
        for found in sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"] if gone else ():
            if (found["Protocol"], found["Endpoint"]) in gone:
                sns.unsubscribe(SubscriptionArn=found["SubscriptionArn"])

    def removed(self, model: Model, request: ResourceRequest) -> None:
        sns, arn = request.aws_client_factory.sns, model["TopicArn"]
        for found in sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]:
            if found["SubscriptionArn"].startswith("arn:"):
                sns.unsubscribe(SubscriptionArn=found["SubscriptionArn"])
        sns.delete_topic(TopicArn=arn)


class Subscription(Resource):
    """`AWS::SNS::Subscription`."""

    TYPE = "AWS::SNS::Subscription"
    REF = "Arn"
    REPLACED_BY = ("Endpoint", "Protocol", "TopicArn")
    REQUIRED = ("Protocol", "TopicArn")
    OPTIONAL = ("Endpoint", "Region", "ReplayPolicy", *SUBSCRIPTION_ATTRIBUTES)

    def made(self, model: Model, request: ResourceRequest) -> Model:
        made = request.aws_client_factory.sns.subscribe(
            TopicArn=model["TopicArn"],
            Protocol=model["Protocol"],
            **only(model, "Endpoint"),
            Attributes={
                key: _attribute(model[key]) for key in SUBSCRIPTION_ATTRIBUTES if key in model
            },
            ReturnSubscriptionArn=True,
        )
        return {"Arn": made["SubscriptionArn"]}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        for key in SUBSCRIPTION_ATTRIBUTES:
            if model.get(key) != previous.get(key):
                default = "false" if key == "RawMessageDelivery" else "{}"
                request.aws_client_factory.sns.set_subscription_attributes(
                    SubscriptionArn=model["Arn"],
                    AttributeName=key,
                    AttributeValue=_attribute(model[key]) if key in model else default,
                )
        return {}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        sns = request.aws_client_factory.sns
        try:
            sns.unsubscribe(SubscriptionArn=model["Arn"])
        except (sns.exceptions.NotFoundException, sns.exceptions.InvalidParameterException):
            pass


class TopicPolicy(Resource):
    """`AWS::SNS::TopicPolicy`."""

    TYPE = "AWS::SNS::TopicPolicy"
    REQUIRED = ("PolicyDocument", "Topics")

    def made(self, model: Model, request: ResourceRequest) -> Model:
        self._put(model, request)
        return {"Id": self.default_name(request)}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        self._put(model, request)
        return {}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        sns = request.aws_client_factory.sns
        for arn in model["Topics"]:
            statement = {
                "Sid": "__default_statement_ID",
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": ["SNS:Publish", "SNS:Subscribe", "SNS:GetTopicAttributes"],
                "Resource": arn,
                "Condition": {"StringEquals": {"AWS:SourceAccount": request.account_id}},
            }
            policy = {
                "Version": "2008-10-17",
                "Id": "__default_policy_ID",
                "Statement": [statement],
            }
            try:
                sns.set_topic_attributes(
                    TopicArn=arn, AttributeName="Policy", AttributeValue=json.dumps(policy)
                )
            except sns.exceptions.NotFoundException:
                pass

    @staticmethod
    def _put(model: Model, request: ResourceRequest) -> None:
        for arn in model["Topics"]:
            request.aws_client_factory.sns.set_topic_attributes(
                TopicArn=arn,
                AttributeName="Policy",
                AttributeValue=document(model["PolicyDocument"]),
            )


class Rule(Resource):
    """`AWS::Events::Rule`."""

    TYPE = "AWS::Events::Rule"
    REF = "Name"
    REPLACED_BY = ("Name", "EventBusName")
    OPTIONAL = (
        "Description",
        "EventBusName",
        "EventPattern",
        "Name",
        "RoleArn",
        "ScheduleExpression",
        "State",
        "Tags",
        "Targets",
    )
    ATTRIBUTES = ("Arn",)

    def made(self, model: Model, request: ResourceRequest) -> Model:
        name = model.get("Name") or self.default_name(request)
        return {"Name": name, "Arn": self._put({**model, "Name": name}, request)}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        return {"Arn": self._put(model, request)}

    def completed(self, model: Model, previous: Model, request: ResourceRequest) -> None:
        events, bus = request.aws_client_factory.events, only(model, "EventBusName")
        kept = {one["Id"] for one in model.get("Targets") or ()}
        gone = [one["Id"] for one in previous.get("Targets") or () if one["Id"] not in kept]
        if gone:
            events.remove_targets(Rule=model["Name"], Ids=gone, **bus)
        if model.get("Targets") and differs(model, previous, "Targets"):
            answer = events.put_targets(Rule=model["Name"], Targets=model["Targets"], **bus)
            if answer.get("FailedEntryCount"):
                raise ValueError(answer["FailedEntries"][0].get("ErrorMessage", "target refused"))

    def removed(self, model: Model, request: ResourceRequest) -> None:
        events, bus = request.aws_client_factory.events, only(model, "EventBusName")
        targets = events.list_targets_by_rule(Rule=model["Name"], **bus)["Targets"]
        if targets:
            events.remove_targets(Rule=model["Name"], Ids=[t["Id"] for t in targets], **bus)
        events.delete_rule(Name=model["Name"], **bus)

    @staticmethod
    def _put(model: Model, request: ResourceRequest) -> str:
        wanted = only(
            model,
            "Name",
            "Description",
            "EventBusName",
            "RoleArn",
            "ScheduleExpression",
            "State",
        )
        if model.get("EventPattern"):
            wanted["EventPattern"] = document(model["EventPattern"])
        if tags := tags_of(model):
            wanted["Tags"] = tag_list(tags)
        return str(request.aws_client_factory.events.put_rule(**wanted)["RuleArn"])


TYPES = (Queue, QueuePolicy, Topic, Subscription, TopicPolicy, Rule)
