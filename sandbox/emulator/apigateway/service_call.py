"""AWS integrations: a method calls a service of AWS, or a function with mapping templates.

The service sees the credentials of the integration's role, and the role's policies decide.
https://docs.aws.amazon.com/apigateway/latest/developerguide/getting-started-aws-proxy.html
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode

from localstack.services.apigateway.next_gen.execute_api.context import EndpointResponse
from localstack.services.apigateway.next_gen.execute_api.gateway_response import (
    InternalServerError,
)
from localstack.services.apigateway.next_gen.execute_api.helpers import (
    render_uri_with_stage_variables,
)
from werkzeug.datastructures import Headers

from sandbox.emulator.access import credentials
from sandbox.emulator.apigateway import lambda_proxy
from sandbox.emulator.apigateway.http_endpoint import HOP_BY_HOP, WITHOUT_BODY, send
from sandbox.emulator.apigateway.lambda_proxy import FUNCTION, note
from sandbox.emulator.execute_api import roles

# Name in the integration's URI -> name of the service's model.
MODELS = {"states": "stepfunctions", "email": "ses", "monitoring": "cloudwatch"}
# Actions of these go by the query protocol, whatever their present models say.
QUERY_ONLY = ("ssm",)
# `credentials` of this form means those of the caller.
CALLER = "arn:aws:iam::*:user/*"
NOT_PASSED_ON = {"host", "authorization", "x-amz-date", "x-amz-security-token", "content-length"}


class ServiceCall:
    """The integration of type AWS."""

    def invoke(self, context: Any) -> EndpointResponse:
        """Call the service; its errors are answers, which integration responses select by status."""
        request = context.integration_request
        found = FUNCTION.search(request["uri"] or "")
        if found:
            return self._function(context, found["arn"])
        parts = (request["uri"] or "").split(":", 5)
        if len(parts) < 6 or "/" not in parts[5]:
            note(context, "Execution failed due to configuration error: Invalid endpoint address")
            raise InternalServerError("Internal server error")
        region, service = parts[3], parts[4]
        kind, _, rest = parts[5].partition("/")
        return self._service(context, region, service, kind, rest)

    def _function(self, context: Any, arn: str) -> EndpointResponse:
        request = context.integration_request
        body = request["body"]
        payload = body.encode() if isinstance(body, str) else body or b""
        given = context.integration.get("credentials")
        kind = request["headers"].get("X-Amz-Invocation-Type", "RequestResponse")
        answer = lambda_proxy.call(
            context,
            arn,
            payload,
            render_uri_with_stage_variables(given, context.stage_variables),
            asynchronous=kind == "Event",
        )
        headers = Headers({"Content-Type": "application/json"})
        if answer.error:
            headers["X-Amz-Function-Error"] = answer.error
        return EndpointResponse(
            body=answer.payload, status_code=202 if kind == "Event" else 200, headers=headers
        )

    def _service(
        self, context: Any, region: str, service: str, kind: str, rest: str
    ) -> EndpointResponse:
        request = context.integration_request
        session = _credentials(context)
        if session is None:
            return EndpointResponse(
                body=b'{"message":"Missing Authentication Token"}',
                status_code=403,
                headers=Headers({"Content-Type": "application/json"}),
            )
        headers = {
            name: value for name, value in request["headers"] if name.lower() not in NOT_PASSED_ON
        }
        query = dict(request["query_string_parameters"] or {})
        method = request["http_method"]
        body = None if method in WITHOUT_BODY else request["body"]
        if isinstance(body, str):
            body = body.encode()
        path = "/"
        if kind == "path":
            path, _, tail = rest.partition("?")
            path = "/" + quote(path, safe="/~%:@!$&'()*+,;=-._")
            query |= dict(part.partition("=")[::2] for part in tail.split("&") if part)
        else:
            action, _, given = rest.partition("&")
            query |= dict(part.partition("=")[::2] for part in given.split("&") if part)
            prefix, version = _target_prefix(service)
            if service in QUERY_ONLY and prefix:
                return self._query(context, region, service, action, query, session)
            if prefix:
                headers.setdefault("X-Amz-Target", f"{prefix}.{action}")
                headers["Content-Type"] = f"application/x-amz-json-{version}"
            else:
                query["Action"] = action
        url = f"{roles.endpoint()}{path}"
        if query:
            url += "?" + urlencode(query, doseq=True)
        signed = sign(method, url, headers, body, session, service, region)
        reply = send(context, method, url, signed, body)
        return EndpointResponse(
            body=reply.body,
            status_code=reply.status,
            headers=Headers([h for h in reply.headers if h[0].lower() not in HOP_BY_HOP]),
        )

    @staticmethod
    def _query(
        context: Any,
        region: str,
        service: str,
        action: str,
        query: dict[str, Any],
        session: roles.Session,
    ) -> EndpointResponse:
        """An action of the old query protocol, for a service that speaks JSON only here."""
        prefix, version = _target_prefix(service)
        headers = {
            "X-Amz-Target": f"{prefix}.{action}",
            "Content-Type": f"application/x-amz-json-{version}",
        }
        body = json.dumps(query).encode()
        url = f"{roles.endpoint()}/"
        signed = sign("POST", url, headers, body, session, service, region)
        reply = send(context, "POST", url, signed, body)
        data = reply.body
        if reply.status == 200:
            metadata = {"RequestId": context.context_variables["requestId"]}
            result = _complete(_output(service, action), json.loads(data or b"{}"))
            data = json.dumps(
                {f"{action}Response": {f"{action}Result": result, "ResponseMetadata": metadata}}
            ).encode()
        return EndpointResponse(
            body=data,
            status_code=reply.status,
            headers=Headers({"Content-Type": "application/json"}),
        )


def _output(service: str, action: str) -> Any:
    from localstack.aws.spec import load_service

    return load_service(MODELS.get(service, service)).operation_model(action).output_shape


def _complete(shape: Any, value: Any) -> Any:
    """An answer in the query protocol's JSON, which names the members that have no value, too."""
    if shape is None or shape.type_name != "structure" or not isinstance(value, dict):
        return value
    return {
        name: _complete(member, value[name]) if name in value else None
        for name, member in shape.members.items()
    }


def _credentials(context: Any) -> roles.Session | None:
    given = render_uri_with_stage_variables(
        context.integration.get("credentials"), context.stage_variables
    )
    if not given:
        return None
    if given == CALLER:
        caller = context.caller
        known = credentials.find(caller.access_key) if caller is not None else None
        if known is None:
            return None
        return roles.Session(caller.access_key, known.secret, known.token or "", 0)
    try:
        return roles.session(given)
    except roles.CannotAssume:
        note(
            context,
            "Execution failed due to configuration error: API Gateway does not have permission to "
            f"assume the provided role {given}",
        )
        raise InternalServerError("Internal server error") from None


@lru_cache(maxsize=64)
def _target_prefix(service: str) -> tuple[str | None, str]:
    """The prefix of X-Amz-Target for services that speak JSON only, and the version of the protocol."""
    from botocore.exceptions import UnknownServiceError
    from localstack.aws.spec import load_service

    try:
        metadata = load_service(MODELS.get(service, service)).metadata
    except (UnknownServiceError, ValueError, KeyError):
        return None, "1.0"
    protocols = metadata.get("protocols") or [metadata.get("protocol")]
    if "json" not in protocols or "query" in protocols or "awsQueryCompatible" in metadata:
        return None, "1.0"
    return metadata.get("targetPrefix"), metadata.get("jsonVersion", "1.0")


def sign(
    method: str,
    url: str,
    headers: dict[str, str],
    body: bytes | None,
    session: roles.Session,
    service: str,
    region: str,
) -> list[tuple[str, str]]:
    """The headers with a signature of the session."""
    from botocore.auth import S3SigV4Auth, SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    request = AWSRequest(method=method, url=url, data=body or b"", headers=dict(headers))
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    held = Credentials(session.access_key, session.secret_key, session.token or None)
    signer(held, service, region).add_auth(request)
    return list(request.headers.items())
