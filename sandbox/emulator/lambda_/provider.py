"""AWS Lambda: upstream's control plane, with functions that run here as processes."""

from __future__ import annotations

import base64
import io
import logging
import threading
from collections.abc import Iterator
from typing import Any

from localstack import config as localstack_config
from localstack.aws.api import RequestContext, handler
from localstack.aws.api.lambda_ import (
    CreateFunctionRequest,
    FunctionConfiguration,
    GetRuntimeManagementConfigResponse,
    InvalidParameterValueException,
    InvocationResponse,
    InvocationType,
    InvokeAsyncResponse,
    LogType,
    PutRuntimeManagementConfigResponse,
    ResourceNotFoundException,
    UpdateFunctionCodeRequest,
    UpdateFunctionConfigurationRequest,
)
from localstack.services.lambda_ import api_utils
from localstack.services.lambda_.invocation.models import lambda_stores
from localstack.services.lambda_.provider import LambdaProvider
from localstack.services.lambda_.runtimes import SUPPORTED_RUNTIMES
from localstack.state import StateVisitor

from sandbox.emulator.access import decisions, principal
from sandbox.emulator.access.actions.requirement import Requirement
from sandbox.emulator.lambda_ import (
    asynchronous,
    code,
    constraints,
    destinations,
    environment,
    hot_reload,
    launch,
    mapping_rules,
    mappings,
    patches,
    payloads,
    permissions,
    responses,
    role,
    runtimes,
    tracing,
)
from sandbox.emulator.lambda_.environment import Outcome, Work
from sandbox.emulator.lambda_.models import event_stores
from sandbox.emulator.lambda_.service import SandboxLambdaService
from sandbox.emulator.main import on_leave
from sandbox.emulator.state import restore, saver

LOG = logging.getLogger(__name__)
TAIL_BYTES = 4096
# Variables that Lambda sets and a function cannot have otherwise.
RESERVED = frozenset(
    [
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
    ]
)


class SandboxLambdaProvider(LambdaProvider):
    """`lambda:sandbox`."""

    lambda_service: SandboxLambdaService

    def __init__(self) -> None:
        patches.apply()
        environment.clean_run_directory()
        super().__init__()
        self.events = asynchronous.Queue(self)
        self._routed = threading.local()
        on_leave(self._leave)
        saver.after_save("lambda", code.remove_destroyed)

    def warm(self) -> None:
        """What the first call would otherwise pay for."""
        runtimes.python_libraries()
        restore.ensure("logs")
        if any(store.functions for regions in lambda_stores.values() for store in regions.values()):
            launch.prepare()

    # Life

    def accept_state_visitor(self, visitor: StateVisitor) -> None:
        """Functions, and asynchronous events that still wait."""
        visitor.visit(lambda_stores)
        visitor.visit(event_stores)

    def on_after_init(self) -> None:
        """Nothing of upstream's: function URLs are answered by the gateway, and there is no Docker."""

    def on_before_stop(self) -> None:
        """Upstream waits for pollers; the emulator ends at once."""
        self._leave()

    def on_sandbox_restored(self) -> None:
        """Versions are made when they are needed; mappings and waiting events go on."""
        self.lambda_service.settle()
        mappings.revive(self)
        self.events.restored()

    def _leave(self) -> None:
        launch.close()
        self.lambda_service.kill_all()

    # Functions

    @handler("CreateFunction", expand=False)
    def create_function(
        self, context: RequestContext, request: CreateFunctionRequest
    ) -> FunctionConfiguration:
        """Make a function; what cannot run here is refused instead of failing later."""
        constraints.check_function(request)
        self._check_code_access(context, request.get("Code") or {})
        if request.get("PackageType", "Zip") == "Image":
            raise InvalidParameterValueException(
                "The sandbox runs functions from .zip archives; container images are not supported.",
                Type="User",
            )
        given = request.get("Code") or {}
        if not (given.get("ZipFile") or given.get("S3Bucket")):
            raise InvalidParameterValueException(
                "Please provide a source for function code.", Type="User"
            )
        self._check_runtime(request.get("Runtime"))
        self._check_dead_letters(request.get("DeadLetterConfig"), request.get("Role"))
        return super().create_function(context, request)

    @handler("UpdateFunctionCode", expand=False)
    def update_function_code(
        self, context: RequestContext, request: UpdateFunctionCodeRequest
    ) -> FunctionConfiguration:
        """New code; with `DryRun` it is only looked at."""
        self._check_code_access(context, request)
        if not any(request.get(name) for name in ("ZipFile", "S3Bucket", "ImageUri")):
            raise InvalidParameterValueException(
                "Please provide a source for function code.", Type="User"
            )
        if request.get("DryRun"):
            return self._dry_run(context, request)
        return super().update_function_code(context, request)

    def _dry_run(self, context: RequestContext, request: Any) -> FunctionConfiguration:
        account, region = api_utils.get_account_and_region(request["FunctionName"], context)
        name, _ = api_utils.get_name_and_qualifier(request["FunctionName"], None, context)
        latest = self._get_function(name, account, region).latest()
        if request.get("ZipFile"):
            code.store(request["ZipFile"]).destroy()
        return api_utils.map_config_out(latest)

    @handler("UpdateFunctionConfiguration", expand=False)
    def update_function_configuration(
        self, context: RequestContext, request: UpdateFunctionConfigurationRequest
    ) -> FunctionConfiguration:
        """New configuration; the next event runs with it."""
        constraints.check_function(request)
        if request.get("Runtime"):
            self._check_runtime(request["Runtime"])
            self._validate_runtime("Zip", request["Runtime"])
        if request.get("Role") and not self.lambda_service.can_assume_role(
            request["Role"], context.region
        ):
            raise InvalidParameterValueException(
                "The role defined for the function cannot be assumed by Lambda.", Type="User"
            )
        if request.get("DeadLetterConfig"):
            self._check_dead_letters(
                request["DeadLetterConfig"], request.get("Role") or self._role_of(context, request)
            )
        return super().update_function_configuration(context, request)

    def put_function_event_invoke_config(self, context: RequestContext, *a: Any, **k: Any) -> Any:
        """What follows asynchronous events; the role must be able to send to the destinations."""
        self._check_destinations(context, k)
        return super().put_function_event_invoke_config(context, *a, **k)

    def update_function_event_invoke_config(
        self, context: RequestContext, *a: Any, **k: Any
    ) -> Any:
        """Part of it anew."""
        self._check_destinations(context, k)
        return super().update_function_event_invoke_config(context, *a, **k)

    def _check_destinations(self, context: RequestContext, given: dict[str, Any]) -> None:
        for place in (given.get("destination_config") or {}).values():
            target = (place or {}).get("Destination") or ""
            service = target.split(":")[2] if target.count(":") >= 5 else ""
            action = destinations.ACTIONS.get(service)
            name = {"FunctionName": given["function_name"]}
            execution_role = self._role_of(context, name) if action else ""
            if not action or not execution_role or not role.assumable(execution_role):
                continue
            resource = f"{target}/*" if service == "s3" else target
            if not role.may(execution_role, "-", action, resource):
                raise InvalidParameterValueException(
                    "The function's execution role does not have permissions to call "
                    f"{action.partition(':')[2]} on {target}",
                    Type="User",
                )

    @staticmethod
    def _role_of(context: RequestContext, request: Any) -> str:
        account, region = api_utils.get_account_and_region(request["FunctionName"], context)
        name, _ = api_utils.get_name_and_qualifier(request["FunctionName"], None, context)
        function = lambda_stores[account][region].functions.get(name)
        return function.latest().config.role if function else ""

    @staticmethod
    def _check_dead_letters(config: Any, role_arn: str | None) -> None:
        """The role must be able to send where given-up events go."""
        target = (config or {}).get("TargetArn")
        if not target or not role_arn or not role.assumable(role_arn):
            return
        service = target.split(":")[2]
        action = destinations.ACTIONS.get(service)
        if service in ("sqs", "sns") and action and not role.may(role_arn, "-", action, target):
            raise InvalidParameterValueException(
                "The provided execution role does not have permissions to call "
                f"{action.partition(':')[2]} on {service.upper()}",
                Type="User",
            )

    @staticmethod
    def _check_runtime(identifier: str | None) -> None:
        # What AWS does not have, or has no longer, is refused in AWS's words further on.
        if identifier and identifier in SUPPORTED_RUNTIMES and not runtimes.has(identifier):
            raise InvalidParameterValueException(
                f"The sandbox runs Python, Node.js and provided runtimes; it has no {identifier}.",
                Type="User",
            )

    def _validate_runtime(self, package_type: Any, runtime: Any) -> None:
        """What AWS offers no longer is refused, as there; upstream would take it."""
        if package_type == "Zip" and runtime in runtimes.RETIRED:
            raise InvalidParameterValueException(
                f"The runtime parameter of {runtime} is no longer supported for creating or updating "
                "AWS Lambda functions. We recommend you use a supported runtime while creating or "
                "updating functions.",
                Type="User",
            )
        super()._validate_runtime(package_type, runtime)

    def list_layers(self, context: RequestContext, *args: Any, **kwargs: Any) -> Any:
        """Layers that have a version; upstream stumbles over one whose versions are all deleted."""
        layers = lambda_stores[context.account_id][context.region].layers
        empty = {name: layer for name, layer in layers.items() if not layer.layer_versions}
        for name in empty:
            del layers[name]
        try:
            return super().list_layers(context, *args, **kwargs)
        finally:
            # Kept for its counter: a new version goes on where the deleted ones ended.
            layers.update(empty)

    @staticmethod
    def _check_code_access(context: RequestContext, request: Any) -> None:
        """The caller must be able to read the archive in S3."""
        bucket, key = request.get("S3Bucket"), request.get("S3Key")
        caller = principal.of(context)
        if not bucket or bucket == hot_reload.BUCKET or caller.trusted:
            return
        needed = Requirement("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")
        if not decisions.decide(caller, needed, context).allowed:
            raise InvalidParameterValueException(
                "Your access has been denied by S3, please make sure your request credentials have "
                f"permission to GetObject for {bucket}/{key}. S3 Error Code: AccessDenied. "
                "S3 Error Message: Access Denied",
                Type="User",
            )

    @staticmethod
    def _verify_env_variables(env_vars: dict[str, str]) -> None:
        taken = sorted(RESERVED.intersection(env_vars))
        if taken:
            raise InvalidParameterValueException(
                "Lambda was unable to configure your environment variables because the environment "
                "variables you have provided contains reserved keys that are currently not supported "
                f"for modification. Reserved keys used in this request: {', '.join(taken)}",
                Type="User",
            )
        LambdaProvider._verify_env_variables(env_vars)

    def create_function_url_config(self, context: RequestContext, *args: Any, **kwargs: Any) -> Any:
        """A URL that browsers and curl reach without a name server."""
        made = super().create_function_url_config(context, *args, **kwargs)
        name = api_utils.get_name_and_qualifier(kwargs["function_name"], None, context)[0]
        function = lambda_stores[context.account_id][context.region].functions[name]
        for config in function.function_url_configs.values():
            if config.url == made["FunctionUrl"]:
                port = localstack_config.GATEWAY_LISTEN[0].port
                config.url = f"http://{config.url_id}.lambda-url.{context.region}.localhost:{port}/"
                made["FunctionUrl"] = config.url
        return made

    def update_alias(self, context: RequestContext, *args: Any, **kwargs: Any) -> Any:
        """An alias that points elsewhere; upstream forgets the version when weights are given."""
        account, region = api_utils.get_account_and_region(kwargs["function_name"], context)
        name = api_utils.get_function_name(kwargs["function_name"], context)
        function = lambda_stores[account][region].functions.get(name)
        alias = function.aliases.get(kwargs["name"]) if function else None
        number = kwargs.get("function_version") or (alias.function_version if alias else None)
        self._routed.version = function.versions.get(number) if function else None
        return super().update_alias(context, *args, **kwargs)

    def delete_alias(
        self, context: RequestContext, function_name: str, name: str, **kwargs: Any
    ) -> None:
        """An alias goes; its URL stays and refuses everybody, as on AWS."""
        account, region = api_utils.get_account_and_region(function_name, context)
        found = api_utils.get_function_name(function_name, context)
        function = lambda_stores[account][region].functions.get(found)
        url = function.function_url_configs.get(name) if function else None
        super().delete_alias(context, function_name, name, **kwargs)
        if function is not None:
            function.permissions.pop(name, None)
            if url is not None:
                function.function_url_configs[name] = url

    def _create_routing_config_model(
        self, routing_config_dict: dict[str, float], function_version: Any = None
    ) -> Any:
        found = function_version or self._routed.version
        return super()._create_routing_config_model(routing_config_dict, found)

    # Event source mappings

    def create_event_source_mapping_v2(self, context: RequestContext, request: Any) -> Any:
        """A mapping whose source the execution role may read."""
        self._check_mapping(context, request)
        return super().create_event_source_mapping_v2(context, request)

    def update_event_source_mapping_v2(self, context: RequestContext, request: Any) -> Any:
        """A mapping that works differently from now on."""
        store = lambda_stores[context.account_id][context.region]
        mapping = store.event_source_mappings.get(request.get("UUID"))
        if mapping is not None:
            mapping_rules.check(request, mapping.get("EventSourceArn", ""), None)
        return super().update_event_source_mapping_v2(context, request)

    def _check_mapping(self, context: RequestContext, request: Any) -> None:
        source = request.get("EventSourceArn")
        if not source or not request.get("FunctionName"):
            return
        account, region = api_utils.get_account_and_region(request["FunctionName"], context)
        name, _ = api_utils.get_name_and_qualifier(request["FunctionName"], None, context)
        function = lambda_stores[account][region].functions.get(name)
        if function is not None:
            config = function.latest().config
            mapping_rules.check(request, source, config.timeout)
            mappings.check_role(config.role, name, source)

    # Invocation

    def invoke(
        self,
        context: RequestContext,
        function_name: str,
        invocation_type: str | None = None,
        log_type: str | None = None,
        client_context: str | None = None,
        payload: Any = None,
        qualifier: str | None = None,
        **kwargs: Any,
    ) -> InvocationResponse:
        """Run a function and wait, or queue the event, or only look whether that could be done."""
        account, region = api_utils.get_account_and_region(function_name, context)
        name, qualifier = api_utils.get_name_and_qualifier(function_name, qualifier, context)
        permissions.check_internal(context, api_utils.lambda_arn(name, qualifier, account, region))
        constraints.check_invocation(invocation_type, log_type)
        body = payload.read() if payload is not None else b""
        if invocation_type == InvocationType.DryRun:
            self.lambda_service.resolve(name, qualifier, account, region)
            return InvocationResponse(StatusCode=204)
        event = invocation_type == InvocationType.Event
        outcome = self.invocation(
            name=name,
            qualifier=qualifier,
            account=account,
            region=region,
            payload=body,
            asynchronous=event,
            trace=context.request.headers.get("X-Amzn-Trace-Id")
            or (tracing.of_messages(body) if context.is_internal_call else None),
            request_id=context.request_id,
            client_context=client_context or "",
        )
        if outcome is None:
            return InvocationResponse(StatusCode=202)
        response = InvocationResponse(
            StatusCode=200, Payload=outcome.payload, ExecutedVersion=outcome.executed_version
        )
        if outcome.is_error:
            response["FunctionError"] = "Unhandled"
        if log_type == LogType.Tail:
            tail = outcome.logs.encode()[-TAIL_BYTES:]
            response["LogResult"] = base64.b64encode(tail).decode()
        return response

    def invocation(
        self,
        *,
        name: str,
        qualifier: str | None,
        account: str,
        region: str,
        payload: bytes,
        request_id: str,
        asynchronous: bool = False,
        trace: str | None = None,
        client_context: str = "",
        on_chunk: environment.Chunk | None = None,
    ) -> Outcome | None:
        """What Invoke does once access is decided; None for a queued event. Raises AWS's exceptions."""
        payloads.check_size(payload, asynchronous)
        event = payloads.checked(payload)
        payloads.check_client_context(client_context)
        invoked_arn, version = self.lambda_service.resolve(name, qualifier, account, region)
        header, hops = tracing.following(trace, version.function_version.id.unqualified_arn())
        tracing.check(version.function, hops)
        work = Work(request_id, event, invoked_arn, header, client_context)
        if asynchronous:
            self.events.put(version, qualifier, work)
            return None
        return self.lambda_service.run(version, work, on_chunk)

    def invoke_async(
        self, context: RequestContext, function_name: str, invoke_args: Any, **kwargs: Any
    ) -> InvokeAsyncResponse:
        """The old way to queue an event."""
        self.invoke(context, function_name, InvocationType.Event, payload=invoke_args)
        return InvokeAsyncResponse(Status=202)

    # Runtime updates

    def put_runtime_management_config(
        self,
        context: RequestContext,
        function_name: str,
        update_runtime_on: str,
        qualifier: str | None = None,
        runtime_version_arn: str | None = None,
        **kwargs: Any,
    ) -> PutRuntimeManagementConfigResponse:
        """When the runtime may be replaced; kept, since runtimes here stay as they are."""
        arn = self._version_arn(context, function_name, qualifier)
        if (update_runtime_on == "Manual") != bool(runtime_version_arn):
            text = (
                "RuntimeVersionArn is required when UpdateRuntimeOn is Manual"
                if update_runtime_on == "Manual"
                else f"RuntimeVersionArn cannot be specified when UpdateRuntimeOn is {update_runtime_on}"
            )
            raise InvalidParameterValueException(text, Type="User")
        kept = {"UpdateRuntimeOn": update_runtime_on, "RuntimeVersionArn": runtime_version_arn}
        scope = arn.split(":")
        event_stores[scope[4]][scope[3]].runtime_updates[arn] = kept
        return PutRuntimeManagementConfigResponse(FunctionArn=arn, **kept)

    def get_runtime_management_config(
        self,
        context: RequestContext,
        function_name: str,
        qualifier: str | None = None,
        **kwargs: Any,
    ) -> GetRuntimeManagementConfigResponse:
        """When the runtime may be replaced: `Auto` unless told otherwise."""
        arn = self._version_arn(context, function_name, qualifier)
        scope = arn.split(":")
        kept = event_stores[scope[4]][scope[3]].runtime_updates.get(arn)
        kept = kept or {"UpdateRuntimeOn": "Auto", "RuntimeVersionArn": None}
        return GetRuntimeManagementConfigResponse(FunctionArn=arn, **kept)

    def _version_arn(
        self, context: RequestContext, function_name: str, qualifier: str | None
    ) -> str:
        account, region = api_utils.get_account_and_region(function_name, context)
        name, qualifier = api_utils.get_name_and_qualifier(function_name, qualifier, context)
        function = self._get_function(name, account, region)
        version = function.versions.get(qualifier or "$LATEST")
        if version is None:
            arn = api_utils.qualified_lambda_arn(name, qualifier or "$LATEST", account, region)
            raise ResourceNotFoundException(f"Function not found: {arn}", Type="User")
        return version.id.qualified_arn()

    @handler("InvokeWithResponseStream", expand=False)
    def invoke_with_response_stream(self, context: RequestContext, request: Any) -> Any:
        """Run a function and hand its answer over while it comes."""
        account, region = api_utils.get_account_and_region(request["FunctionName"], context)
        name, qualifier = api_utils.get_name_and_qualifier(
            request["FunctionName"], request.get("Qualifier"), context
        )
        permissions.check_internal(context, api_utils.lambda_arn(name, qualifier, account, region))
        body = request.get("Payload")
        body = body.read() if isinstance(body, io.IOBase) or hasattr(body, "read") else body or b""
        if request.get("InvocationType") == InvocationType.DryRun:
            self.lambda_service.resolve(name, qualifier, account, region)
            return {"StatusCode": 204}
        stream = responses.Stream(
            lambda on_chunk: self.invocation(
                name=name,
                qualifier=qualifier,
                account=account,
                region=region,
                payload=body,
                trace=context.request.headers.get("X-Amzn-Trace-Id"),
                request_id=context.request_id,
                client_context=request.get("ClientContext") or "",
                on_chunk=on_chunk,
            )
        )
        stream.start()
        return {
            "StatusCode": 200,
            "ExecutedVersion": qualifier or "$LATEST",
            "ResponseStreamContentType": stream.content_type,
            "EventStream": _event_stream(stream, request.get("LogType") == LogType.Tail),
        }


def _event_stream(stream: responses.Stream, tail: bool) -> Iterator[dict[str, Any]]:
    for chunk in stream:
        yield {"PayloadChunk": {"Payload": chunk}}
    outcome = stream.outcome
    complete: dict[str, Any] = {}
    if outcome is not None and outcome.is_error:
        complete |= {"ErrorCode": "Unhandled", "ErrorDetails": outcome.payload.decode()}
    if outcome is not None and tail:
        last = outcome.logs.encode()[-TAIL_BYTES:]
        complete["LogResult"] = base64.b64encode(last).decode()
    yield {"InvokeComplete": complete}
