"""CloudWatch alarms.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-alarm.html
"""

from __future__ import annotations

from localstack.services.cloudformation.resource_provider import ResourceRequest

from sandbox.emulator.cloudformation.resources.declared import Model, Resource, tag_list, tags_of


class Alarm(Resource):
    """`AWS::CloudWatch::Alarm`; its operation makes and changes alike."""

    TYPE = "AWS::CloudWatch::Alarm"
    REF = "AlarmName"
    REPLACED_BY = ("AlarmName",)
    REQUIRED = ("ComparisonOperator", "EvaluationPeriods")
    ATTRIBUTES = ("Arn",)

    def made(self, model: Model, request: ResourceRequest) -> Model:
        name = model.get("AlarmName") or self.default_name(request)
        wanted = {**model, "AlarmName": name}
        if model.get("Tags"):
            wanted["Tags"] = tag_list(tags_of(model))
        request.aws_client_factory.cloudwatch.put_metric_alarm(**wanted)
        arn = f"arn:aws:cloudwatch:{request.region_name}:{request.account_id}:alarm:{name}"
        return {"AlarmName": name, "Arn": arn}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        return self.made(model, request)

    def removed(self, model: Model, request: ResourceRequest) -> None:
        request.aws_client_factory.cloudwatch.delete_alarms(AlarmNames=[model["AlarmName"]])


TYPES = (Alarm,)
