"""One action on one resource: create, update or delete, waited for, with CloudFormation's words on failure."""

from __future__ import annotations

import logging
import time
import uuid
from typing import Any

from botocore.exceptions import ClientError
from localstack.services.cloudformation.engine.quirks import PHYSICAL_RESOURCE_ID_SPECIAL_CASES
from localstack.services.cloudformation.resource_provider import (
    OperationStatus,
    ProgressEvent,
    ResourceProvider,
    ResourceProviderExecutor,
    convert_payload,
)

from sandbox.emulator.cloudformation import resources

LOG = logging.getLogger(__name__)

LONGEST_SECONDS = 3600
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 2.0
HANDLER_ERRORS = {
    "AccessDenied": "AccessDenied",
    "AlreadyExists": "AlreadyExists",
    "Exists": "AlreadyExists",
    "InUse": "AlreadyExists",
    "Throttling": "Throttling",
    "LimitExceeded": "ServiceLimitExceeded",
    "NotFound": "NotFound",
    "NoSuch": "NotFound",
}
SERVICES = {
    "ApiGateway": "ApiGateway",
    "Cognito": "CognitoIdentityProvider",
    "DynamoDB": "DynamoDb",
    "EC2": "Ec2",
    "Events": "EventBridge",
    "IAM": "Iam",
    "Logs": "CloudWatchLogs",
    "SNS": "Sns",
    "SQS": "Sqs",
    "SSM": "Ssm",
    "StepFunctions": "Sfn",
}
GONE = ("NoSuch", "NotFound", "not found", "not exist", "(404)")


class AlreadyExists(Exception):
    """A resource of that name is there already, though its service would take the name again."""

    def __init__(self, kind: str, identifier: str) -> None:
        super().__init__(
            f"Resource of type '{kind}' with identifier '{identifier}' already exists."
        )


class Deployment(ResourceProviderExecutor):
    """LocalStack's executor of resource actions, with our types, no five-second pauses, and AWS's words."""

    @staticmethod
    def try_load_resource_provider(resource_type: str) -> ResourceProvider | None:
        """Ours, or LocalStack's, or None for a type that cannot be made here."""
        return resources.find(resource_type) or _upstream(resource_type)

    def deploy_loop(
        self, resource_provider: ResourceProvider, resource: dict, raw_payload: Any, **_: Any
    ) -> ProgressEvent:
        """Act until the resource is ready; fills `resource` with its id and properties.

        A creation that fails half-way is taken back, so that nothing is left that no stack knows.
        """
        request = convert_payload(self.stack_name, self.stack_id, raw_payload)
        given = set(request.desired_state or ())
        action = raw_payload["action"]
        identifiers = [name.rsplit("/", 1)[-1] for name in _identifiers(resource_provider)]
        try:
            event = self._repeat(resource_provider, request, action)
        except Exception as error:
            if action == "Remove" and _is_gone(error):
                return ProgressEvent(OperationStatus.SUCCESS, resource_model={})
            if not isinstance(error, ClientError):
                LOG.warning("%s of %s failed", action, request.resource_type, exc_info=error)
            event = ProgressEvent(
                OperationStatus.FAILED,
                resource_model={},
                message=message_of(error, request.resource_type),
            )
        if event.status is OperationStatus.FAILED:
            made = identifiers and all(
                request.desired_state.get(name) and name not in given for name in identifiers
            )
            if action == "Add" and made:
                self._take_back(resource_provider, request)
            return event
        if action != "Remove":
            resource["PhysicalResourceId"] = (
                self.extract_physical_resource_id_from_model_with_schema(
                    event.resource_model, raw_payload["resourceType"], resource_provider.SCHEMA
                )
            )
            resource["Properties"] = event.resource_model
        return event

    def _repeat(self, provider: ResourceProvider, request: Any, action: str) -> ProgressEvent:
        act = {"Add": provider.create, "Remove": provider.delete}.get(action, provider.update)
        deadline = time.monotonic() + LONGEST_SECONDS
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                event = act(request)
            except NotImplementedError:
                return ProgressEvent(
                    OperationStatus.FAILED,
                    resource_model={},
                    message=f"The sandbox cannot update resources of type {request.resource_type} "
                    "in place. Delete the stack and create it again, or give the resource another "
                    "logical id.",
                )
            if event.status not in (OperationStatus.IN_PROGRESS, OperationStatus.PENDING):
                return event
            if time.monotonic() > deadline:
                raise TimeoutError(f"{request.resource_type} did not become ready in time")
            request.custom_context = {**request.custom_context, **event.custom_context}
            if event.resource_model is not None:
                request.desired_state = event.resource_model
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)

    def _take_back(self, provider: ResourceProvider, request: Any) -> None:
        request.previous_state = request.desired_state
        try:
            provider.delete(request)
        except Exception as error:
            LOG.info("nothing to take back of %s: %s", request.logical_resource_id, error)


_upstream = ResourceProviderExecutor.try_load_resource_provider


def _identifiers(provider: ResourceProvider) -> list[str]:
    special = PHYSICAL_RESOURCE_ID_SPECIAL_CASES.get(getattr(provider, "TYPE", ""))
    return [special] if special else provider.SCHEMA.get("primaryIdentifier", [])


def _is_gone(error: Exception) -> bool:
    return any(word in str(error) for word in GONE)


def message_of(error: Exception, kind: str = "") -> str:
    """The reason of a failed resource, as AWS's resource handlers give it."""
    if not isinstance(error, ClientError):
        text, code = str(error) or type(error).__name__, "GeneralServiceException"
        if isinstance(error, AlreadyExists):
            code = "AlreadyExists"
    else:
        answer = error.response
        name = answer["Error"].get("Code", "")
        metadata = answer.get("ResponseMetadata", {})
        text = (
            f"{answer['Error'].get('Message', '')} (Service: {_service_of(kind)}, Status Code: "
            f"{metadata.get('HTTPStatusCode', 400)}, Request ID: "
            f"{metadata.get('RequestId') or uuid.uuid4()})"
        )
        code = next(
            (mine for word, mine in HANDLER_ERRORS.items() if word in name), "InvalidRequest"
        )
    return (
        f'Resource handler returned message: "{text}" '
        f"(RequestToken: {uuid.uuid4()}, HandlerErrorCode: {code})"
    )


def _service_of(kind: str) -> str:
    """The service's name as the AWS SDK for Java writes it."""
    service = kind.split("::")[1] if kind.count("::") == 2 else "CloudFormation"
    return SERVICES.get(service, service)
