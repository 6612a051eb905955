"""Signature Version 2 in the query string of S3 requests.

boto3 still signs S3 URLs for us-east-1 this way unless it is told otherwise, and S3 accepts them.
https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from sandbox.emulator.access.signature import Claim, query_pairs

PARAMETERS = ("AWSAccessKeyId", "Signature", "Expires")
# boto3 and the CLI make URLs for an hour unless told otherwise.
USUAL_SECONDS = 3600


@dataclass(slots=True)
class ClaimV2(Claim):
    """A claim of version 2: `ends` is the moment in the URL, machine time."""

    ends: float = 0.0

    def moment(self) -> float:
        """When it was signed, as far as a URL can tell that only says when it ends."""
        return self.ends - USUAL_SECONDS


def parse(raw_query: str) -> ClaimV2 | None:
    """The claim of a query string; None without one, ValueError when it is incomplete."""
    pairs = dict(query_pairs(raw_query))
    if not any(name in pairs for name in ("AWSAccessKeyId", "Signature")):
        return None
    if not all(pairs.get(name) for name in PARAMETERS):
        raise ValueError("parameters are missing")
    return ClaimV2(
        pairs["AWSAccessKeyId"],
        "",
        "us-east-1",
        "s3",
        ("host",),
        pairs["Signature"].replace(" ", "+"),
        token=pairs.get("x-amz-security-token"),
        expires=USUAL_SECONDS,
        raw_expires=pairs["Expires"],
        ends=float(pairs["Expires"]),
    )


def of_form(form: Mapping[str, str]) -> ClaimV2:
    """The claim of a browser's POST: `form` has lower-case names, the policy is what is signed."""
    return ClaimV2(
        form["awsaccesskeyid"],
        "",
        "us-east-1",
        "s3",
        (),
        form["signature"],
        token=form.get("x-amz-security-token"),
    )


@lru_cache(maxsize=1)
def _subresources() -> frozenset[str]:
    from botocore.auth import HmacV1Auth

    return frozenset(HmacV1Auth.QSAOfInterest)


def string_to_sign(
    method: str, path: str, raw_query: str, headers: Mapping[str, str], bucket: str | None
) -> str:
    """The text that is signed; `bucket` is the one in the host name, `headers` in lower case."""
    amz: dict[str, str] = {}
    standard = {"content-md5": "", "content-type": ""}
    resource = []
    pairs = query_pairs(raw_query)
    for name, value in [*pairs, *headers.items()]:
        lower = name.lower()
        if lower.startswith("x-amz-"):
            amz.setdefault(lower, value.strip())
        elif lower in standard and not standard[lower]:
            standard[lower] = value
    for name, value in pairs:
        if name in _subresources():
            resource.append((name, value))
    query = {name for name, _value in pairs if not raw_query_has_value(raw_query, name)}
    parts = "&".join(
        name if name in query else f"{name}={value}" for name, value in sorted(resource)
    )
    prefix = f"/{bucket}" if bucket else ""
    lines = [method, standard["content-md5"], standard["content-type"], dict(pairs)["Expires"]]
    lines += [f"{name}:{value}" for name, value in sorted(amz.items())]
    return "\n".join([*lines, prefix + path + (f"?{parts}" if parts else "")])


def raw_query_has_value(raw_query: str, name: str) -> bool:
    """Whether the parameter was written with an equals sign."""
    return any(part.startswith(f"{name}=") for part in raw_query.split("&"))


def sign(secret: str, text: str) -> str:
    """The signature in Base64."""
    return base64.b64encode(hmac.digest(secret.encode(), text.encode(), "sha1")).decode()
