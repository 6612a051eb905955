"""Lambda: permissions with all their conditions.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-permission.html
"""

from __future__ import annotations

from localstack.services.cloudformation.resource_provider import ResourceRequest

from sandbox.emulator.cloudformation.resources.declared import Model, Resource


class Permission(Resource):
    """`AWS::Lambda::Permission`; LocalStack's leaves out SourceAccount and the other conditions."""

    TYPE = "AWS::Lambda::Permission"
    REPLACED_BY = (
        "Action",
        "EventSourceToken",
        "FunctionName",
        "FunctionUrlAuthType",
        "InvokedViaFunctionUrl",
        "Principal",
        "PrincipalOrgID",
        "SourceAccount",
        "SourceArn",
    )

    def made(self, model: Model, request: ResourceRequest) -> Model:
        name = self.default_name(request)
        request.aws_client_factory.lambda_.add_permission(**{**model, "StatementId": name})
        return {"Id": name}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        return {}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        request.aws_client_factory.lambda_.remove_permission(
            FunctionName=model["FunctionName"], StatementId=model["Id"]
        )


TYPES = (Permission,)
