"""Making and calling REST APIs in tests."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx


class RestApi:
    """A REST API that is built method by method, deployed and called by its host name."""

    def __init__(self, emulator: Any, name: str = "api", **options: Any) -> None:
        self.emulator = emulator
        self.client = emulator.client("apigateway")
        self.id = self.client.create_rest_api(name=name, **options)["id"]
        items = self.client.get_resources(restApiId=self.id)["items"]
        self.resources = {"/": items[0]["id"]}
        self.stage = "prod"

    @property
    def arn(self) -> str:
        """The beginning of the ARNs of its methods."""
        return f"arn:aws:execute-api:us-east-1:000000000000:{self.id}"

    def resource(self, path: str) -> str:
        """The id of a resource, which is made with its parents if it is not there."""
        if path not in self.resources:
            parent, _, part = path.rpartition("/")
            self.resources[path] = self.client.create_resource(
                restApiId=self.id, parentId=self.resource(parent or "/"), pathPart=part
            )["id"]
        return self.resources[path]

    def method(
        self,
        path: str,
        verb: str = "GET",
        integration: dict[str, Any] | None = None,
        responses: dict[str, dict[str, Any]] | None = None,
        **options: Any,
    ) -> RestApi:
        """Add a method; a MOCK that answers `{"ok":true}` by default."""
        where = {"restApiId": self.id, "resourceId": self.resource(path), "httpMethod": verb}
        options.setdefault("authorizationType", "NONE")
        self.client.put_method(**where, **options)
        self.client.put_integration(
            **where,
            **(
                integration
                or {
                    "type": "MOCK",
                    "requestTemplates": {"application/json": '{"statusCode": 200}'},
                }
            ),
        )
        if responses is None and (integration or {}).get("type", "MOCK") in ("MOCK", "HTTP", "AWS"):
            template = {} if integration else {"application/json": '{"ok":true}'}
            responses = {"200": {"responseTemplates": template} if template else {}}
        for status, response in (responses or {}).items():
            parameters = dict.fromkeys(response.get("responseParameters") or {}, False)
            self.client.put_method_response(
                **where, statusCode=status, responseParameters=parameters
            )
            self.client.put_integration_response(**where, statusCode=status, **response)
        return self

    def deploy(self, stage: str = "prod", **options: Any) -> RestApi:
        """Deploy what there is."""
        self.stage = stage
        self.client.create_deployment(restApiId=self.id, stageName=stage, **options)
        return self

    def url(self, path: str, stage: str | None = None) -> str:
        """The address of a path."""
        host = f"{self.id}.execute-api.us-east-1.localhost:{self.emulator.port}"
        return f"http://{host}/{stage or self.stage}{path}"

    def call(self, verb: str, path: str, stage: str | None = None, **options: Any) -> Any:
        """Send a request."""
        return self.emulator.anonymous.request(verb, self.url(path, stage), **options)

    def get(self, path: str, stage: str | None = None, **options: Any) -> httpx.Response:
        """Send a GET."""
        return self.call("GET", path, stage, **options)


def signed(
    method: str, url: str, access_key: str, secret: str, token: str | None = None, body: bytes = b""
) -> dict[str, str]:
    """The headers of a request signed for execute-api."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    request = AWSRequest(method=method, url=url, data=body)
    SigV4Auth(Credentials(access_key, secret, token), "execute-api", "us-east-1").add_auth(request)
    return dict(request.headers)


@contextmanager
def backend(answer: Callable[[Any], tuple[int, dict[str, str], bytes]]) -> Iterator[str]:
    """An HTTP server on loopback that answers with `answer(handler)`; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            self.body = self.rfile.read(length) if length else b""
            status, headers, body = answer(self)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = _serve

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def echo(handler: Any) -> tuple[int, dict[str, str], bytes]:
    """Answers with what was asked."""
    found = {
        "method": handler.command,
        "path": handler.path,
        "headers": dict(handler.headers.items()),
        "body": handler.body.decode("utf-8", "replace"),
    }
    return 200, {"Content-Type": "application/json"}, json.dumps(found).encode()


def until(what: Callable[[], Any], seconds: float = 10) -> Any:
    """Ask again until the answer is true; the last answer."""
    deadline = time.monotonic() + seconds
    while not (found := what()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found
