"""The chain of handlers that every request passes, LocalStack's with ours between.

The order is the design: cheap refusals first, then names, then who is calling, then may they, then
the service.
"""

from __future__ import annotations

from localstack.aws import handlers
from localstack.aws.app import LocalstackAwsGateway
from localstack.services.edge import ROUTER

from sandbox.emulator.access.authentication import AuthenticationHandler, PrivateHeaderHandler
from sandbox.emulator.access.authorization import AuthorizationHandler
from sandbox.emulator.cloudtrail import record
from sandbox.emulator.cognito.front import CognitoHandler
from sandbox.emulator.dynamodb import fast_path
from sandbox.emulator.execute_api.front import ExecuteApiHandler
from sandbox.emulator.gateway import admin, failures, guard, patches
from sandbox.emulator.gateway.home import HomeHandler
from sandbox.emulator.gateway.origins import OriginHandler
from sandbox.emulator.gateway.websites import WebsiteHandler
from sandbox.emulator.gateway.websockets import WebSocketHandler
from sandbox.emulator.lambda_ import logs
from sandbox.emulator.lambda_.urls import FunctionUrlHandler
from sandbox.emulator.state import restore, saver


class SandboxGateway(LocalstackAwsGateway):
    """LocalStack's AWS gateway with the sandbox's handlers put into its chain."""

    def __init__(self, service_manager=None) -> None:
        fast_path.install()
        patches.install()
        super().__init__(service_manager)
        admin.register_routes(ROUTER)
        self.request_handlers.insert(0, guard.GuardHandler())
        self._replace_exception_handlers()
        self._before(handlers.add_internal_request_params, PrivateHeaderHandler())
        self._after(
            handlers.add_internal_request_params,
            WebsiteHandler(),
            ExecuteApiHandler(),
            FunctionUrlHandler(),
            CognitoHandler(),
            HomeHandler(),
        )
        self._after(handlers.serve_edge_router_rules, WebSocketHandler())
        self._replace(handlers.enforce_cors, OriginHandler())
        # Who is calling: in the place of three handlers of LocalStack's that believe every key.
        self._replace(handlers.parse_pre_signed_url_request, AuthenticationHandler())
        self._replace(handlers.inject_auth_header_if_missing)
        self._replace(handlers.add_account_id)
        # May they.
        self._after(handlers.parse_service_request, AuthorizationHandler())
        self._after(handlers.parse_service_name, restore.RestoreHandler(), logs.FlushHandler())
        # Behind access control: what the DynamoDB engine answers itself goes no further.
        self._before(handlers.serve_custom_service_request_handlers, fast_path.EngineHandler())
        self._before(self.service_request_router, saver.GateHandler())
        # They format a line of log per request and count for telemetry; `sandbox events` has the requests.
        for needless in (handlers.log_response, handlers.count_service_request):
            self.response_handlers.remove(needless)
        self.finalizers.append(saver.finish_request)
        self.finalizers.append(record.finish_request)

    def _replace_exception_handlers(self) -> None:
        known = self.exception_handlers
        known[known.index(handlers.handle_service_exception)] = failures.FailureSerializer()
        known[known.index(handlers.handle_internal_failure)] = failures.LastResort()
        # It logs refusals of the sandbox as errors with a traceback; the serializer logs real failures.
        known.remove(handlers.log_exception)

    def _before(self, known, *ours) -> None:
        """Put `ours` in front of an upstream handler; fails loudly when upstream lost it."""
        position = self.request_handlers.index(known)
        self.request_handlers[position:position] = ours

    def _after(self, known, *ours) -> None:
        position = self.request_handlers.index(known) + 1
        self.request_handlers[position:position] = ours

    def _replace(self, known, *ours) -> None:
        position = self.request_handlers.index(known)
        self.request_handlers[position : position + 1] = ours
