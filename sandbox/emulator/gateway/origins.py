"""Which web pages may call the endpoint from a browser (cross-origin resource sharing).

On AWS the APIs answer pages of every origin, and the signature protects them. Here every page knows the
root's keys, so only pages of this machine may call: those that the sandbox itself serves and those of a
student's own web server. A bucket answers by its own CORS rules alone, as on AWS.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from localstack.aws.api import RequestContext
from localstack.aws.chain import HandlerChain
from localstack.aws.handlers.cors import CorsEnforcer
from localstack.http import Response


class OriginHandler(CorsEnforcer):
    """Takes the place of LocalStack's enforcer, which trusts pages of its vendor."""

    def __call__(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        super().__call__(chain, context, response)
        if response.status_code == 403 and not response.data:
            response.set_json(
                {
                    "__type": "AccessDenied",
                    "message": "Pages of other machines may not call this sandbox.",
                }
            )

    @staticmethod
    def is_cors_origin_allowed(headers) -> bool:
        """Whether the page that sent this request is of this machine; True without a page."""
        page = headers.get("origin") or headers.get("referer")
        return not page or is_local(page)


def is_local(origin: str) -> bool:
    """Whether an origin's host is loopback, by number or by name (RFC 6761: `.localhost`)."""
    try:
        host = urlsplit(origin).hostname or ""
    except ValueError:
        return False
    return host in ("localhost", "127.0.0.1", "::1") or host.endswith(".localhost")


def let_bucket_rules_decide() -> None:
    """Replace `localstack.services.s3.cors.is_origin_allowed_default`, which opens buckets without rules."""
    from localstack.services.s3 import cors

    cors.is_origin_allowed_default = lambda headers: not headers.get("origin")
