"""What LocalStack takes without a look, or makes up: the account, certificates, models, documentation, plans.

https://docs.aws.amazon.com/apigateway/latest/api/API_Operations.html
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext, handler
from localstack.aws.api.apigateway import (
    BadRequestException,
    ConflictException,
    NotFoundException,
)
from localstack.services.apigateway.helpers import get_moto_rest_api, get_rest_api_container
from localstack.services.apigateway.models import apigateway_stores
from localstack.services.apigateway.next_gen.provider import ApigatewayNextGenProvider
from moto.apigateway.models import apigateway_backends

from sandbox.emulator import clock
from sandbox.emulator.apigateway import mappings
from sandbox.emulator.execute_api import identifiers

# A new account's limits. LocalStack's store begins with a role that nobody made.
THROTTLE = {"burstLimit": 5000, "rateLimit": 10000.0}
INVENTED_ROLE = re.compile(r"arn:aws:iam::\d{12}:role/api-gw-cw-role")
PERIODS = ("WEEK", "DAY", "MONTH")
CERTIFICATE_DAYS = 365


class CollectionOperations(ApigatewayNextGenProvider):
    """Operations on what belongs to an account, and on parts of APIs that are lists."""

    # --- account ---------------------------------------------------------------------------------

    def get_account(self, context: RequestContext, **kwargs: Any) -> Any:
        """The role for logs, and the account's limits."""
        account = apigateway_stores[context.account_id][context.region].account
        found: dict[str, Any] = {
            "throttleSettings": THROTTLE,
            "features": ["UsagePlans"],
            "apiKeyVersion": "4",
        }
        role = account.get("cloudwatchRoleArn")
        if role and not INVENTED_ROLE.fullmatch(role):
            found["cloudwatchRoleArn"] = role
        return found

    def update_account(
        self, context: RequestContext, patch_operations: list | None = None, **kwargs: Any
    ) -> Any:
        """Set the role for logs."""
        account = apigateway_stores[context.account_id][context.region].account
        for operation in patch_operations or ():
            if operation["path"] not in ("/cloudwatchRoleArn", "/features"):
                raise BadRequestException(f"Invalid patch path {operation['path']}")
        for operation in patch_operations or ():
            if operation["path"] == "/cloudwatchRoleArn":
                given = operation.get("value") if operation["op"] != "remove" else None
                account["cloudwatchRoleArn"] = given or ""
        return self.get_account(context)

    # --- certificates ----------------------------------------------------------------------------

    @handler("GenerateClientCertificate", expand=False)
    def generate_client_certificate(self, context: RequestContext, request: Any) -> Any:
        """A certificate that servers could know API Gateway by; the sandbox does not show it to them."""
        store = apigateway_stores[context.account_id][context.region]
        now = clock.now().replace(microsecond=0)
        made = {
            "clientCertificateId": identifiers.identifier(6),
            "pemEncodedCertificate": _certificate(),
            "createdDate": now,
            "expirationDate": now + timedelta(days=CERTIFICATE_DAYS),
        }
        for name in ("description", "tags"):
            if request.get(name):
                made[name] = request[name]
        store.client_certificates[made["clientCertificateId"]] = made
        return made

    # --- deployments and stages ------------------------------------------------------------------

    def delete_deployment(
        self, context: RequestContext, rest_api_id: str, deployment_id: str, **kwargs: Any
    ) -> None:
        """Remove a deployment that no stage shows."""
        api = get_moto_rest_api(context, rest_api_id)
        if deployment_id not in api.deployments:
            raise NotFoundException("Invalid Deployment identifier specified")
        # CloudFormation removes a deployment before the stage that it made.
        for stage in () if context.is_internal_call else api.stages.values():
            canary = getattr(stage, "canary_settings", None) or {}
            if deployment_id in (stage.deployment_id, canary.get("deploymentId")):
                raise BadRequestException(
                    "Active stages pointing to this deployment must be moved or deleted"
                )
        super().delete_deployment(context, rest_api_id, deployment_id, **kwargs)

    @handler("UpdateStage")
    def update_stage(
        self,
        context: RequestContext,
        rest_api_id: str,
        stage_name: str,
        patch_operations: list | None = None,
        **kwargs: Any,
    ) -> Any:
        """Change a stage; `remove /PATH/METHOD` takes the settings of a method back."""
        stage = get_moto_rest_api(context, rest_api_id).stages.get(stage_name)
        rest = []
        for operation in patch_operations or ():
            name = operation["path"].strip("/")
            of_method = name.count("/") == 1 and name.rpartition("/")[2].isupper()
            if stage is None or operation["op"] != "remove" or not of_method:
                rest.append(operation)
            elif stage.method_settings.pop(name, None) is None:
                raise BadRequestException(
                    f"Cannot remove method setting {name} because there is no method setting for "
                    "this method "
                )
        return super().update_stage(context, rest_api_id, stage_name, rest, **kwargs)

    # --- models and documentation ----------------------------------------------------------------

    @handler("CreateModel", expand=False)
    def create_model(self, context: RequestContext, request: Any) -> Any:
        """A new model of a body."""
        name = request.get("name") or ""
        if name and not name.isalnum():
            raise BadRequestException(f"Model name must be alphanumeric: {name}")
        schema = request.get("schema")
        if schema and "json" in (request.get("contentType") or ""):
            try:
                json.loads(schema)
            except ValueError:
                mappings.refuse(
                    ["Invalid model schema specified"], first="Invalid model specified: "
                )
        return super().create_model(context, **_snake(request))

    def create_documentation_part(
        self,
        context: RequestContext,
        rest_api_id: str,
        location: Any,
        properties: str,
        **kwargs: Any,
    ) -> Any:
        """A new description of a part of an API; each part has one."""
        known = get_rest_api_container(context, rest_api_id=rest_api_id).documentation_parts
        if any((part.get("location") or {}) == location for part in known.values()):
            raise ConflictException("Documentation part already exists for the specified location")
        return super().create_documentation_part(
            context, rest_api_id, location, properties, **kwargs
        )

    def create_documentation_version(
        self, context: RequestContext, rest_api_id: str, documentation_version: str, **kwargs: Any
    ) -> Any:
        """A snapshot of the documentation."""
        known = get_rest_api_container(context, rest_api_id=rest_api_id).documentation_versions
        if documentation_version in known:
            raise ConflictException("Documentation version already exists")
        return super().create_documentation_version(
            context, rest_api_id, documentation_version, **kwargs
        )

    # --- usage plans -----------------------------------------------------------------------------

    @handler("CreateUsagePlan", expand=False)
    def create_usage_plan(self, context: RequestContext, request: Any) -> Any:
        """A new plan; its stages must be there."""
        period = (request.get("quota") or {}).get("period")
        if period is not None and period not in PERIODS:
            raise CommonServiceException(
                "ValidationException",
                f"1 validation error detected: Value '{period}' at 'createUsagePlanInput.quota.period' "
                "failed to satisfy constraint: Member must satisfy enum value set: "
                f"[{', '.join(PERIODS)}]",
            )
        apis = apigateway_backends[context.account_id][context.region].apis
        for entry in request.get("apiStages") or ():
            api = apis.get(entry.get("apiId"))
            if api is None or entry.get("stage") not in api.stages:
                raise NotFoundException(
                    f"Invalid API Stage {{api: {entry.get('apiId')}, stage: {entry.get('stage')}}} "
                    f"specified for usageplan {request['name']}"
                )
        return super().create_usage_plan(context, **_snake(request))


def _snake(request: Any) -> dict[str, Any]:
    """A request's members as the keyword arguments of LocalStack's methods."""
    return {
        re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(): value
        for name, value in request.items()
        if value is not None
    }


def _certificate() -> str:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.x509.oid import NameOID

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ApiGateway")])
    now = clock.now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=CERTIFICATE_DAYS))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()
