"""Static website hosting: the website endpoint of a bucket.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteHosting.html. A request to it is an anonymous
visitor's GET: index and error documents, redirects and routing rules, and HTML error pages instead of XML.
It answers straight from the bucket, ahead of the rest of the handler chain.
"""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

from localstack.aws.api import RequestContext
from localstack.http import Response
from localstack.services.s3.models import S3Bucket, S3DeleteMarker, S3Object
from localstack.services.s3.utils import ObjectRange, parse_range_header
from werkzeug.http import http_date, parse_date, unquote_etag

from sandbox.emulator.access import buckets, visitor
from sandbox.emulator.s3 import archive
from sandbox.emulator.state import restore

TITLES = {
    301: "Moved Permanently",
    302: "Found",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    500: "Internal Server Error",
}

_SENT_AT_ONCE_BYTES = 1024 * 1024
_SYSTEM_HEADERS = {
    "ContentType": "Content-Type",
    "CacheControl": "Cache-Control",
    "ContentEncoding": "Content-Encoding",
    "ContentLanguage": "Content-Language",
    "ContentDisposition": "Content-Disposition",
}


@dataclass
class WebsiteError(Exception):
    """An error as the website endpoint shows it: a status, S3's code and message, more details."""

    status: int
    code: str
    message: str
    details: dict[str, str] = field(default_factory=dict)


def serve(name: str, context: RequestContext, response: Response) -> None:
    """Fill `response` with what the website endpoint of bucket `name` answers to `context.request`."""
    restore.ensure("s3")
    try:
        _serve(name, context, response)
    except WebsiteError as error:
        _error_page(response, error, context.request_id)
    response.headers["Server"] = "AmazonS3"
    response.headers["x-amz-request-id"] = context.request_id


def _serve(name: str, context: RequestContext, response: Response) -> None:
    request = context.request
    if request.method not in ("GET", "HEAD"):
        raise WebsiteError(
            405,
            "MethodNotAllowed",
            "The specified method is not allowed against this resource.",
            {"Method": request.method, "ResourceType": "OBJECT"},
        )
    bucket = _bucket(name)
    website = bucket.website_configuration
    if not website:
        raise WebsiteError(
            404,
            "NoSuchWebsiteConfiguration",
            "The specified bucket does not have a website configuration",
            {"BucketName": name},
        )
    key = _key(request)
    if everything := website.get("RedirectAllRequestsTo"):
        protocol = everything.get("Protocol") or request.scheme
        _redirect(response, f"{protocol}://{everything['HostName']}/{quote(key)}", 301)
        return
    if rule := _rule(website, key, None):
        _follow(rule, key, request, response)
        return
    try:
        _serve_key(bucket, website, key, context, response)
    except WebsiteError as error:
        if rule := _rule(website, key, error.status):
            _follow(rule, key, request, response)
        elif document := (website.get("ErrorDocument") or {}).get("Key"):
            _serve_error_document(bucket, document, error, context, response)
        else:
            raise


def _serve_key(
    bucket: S3Bucket,
    website: dict[str, Any],
    key: str,
    context: RequestContext,
    response: Response,
) -> None:
    index = website["IndexDocument"]["Suffix"]
    wanted = f"{key}{index}" if not key or key.endswith("/") else key
    try:
        found = _readable_object(bucket, wanted, context)
    except WebsiteError as error:
        # /folder is answered with /folder/ when that folder has an index document.
        if wanted == key and error.status in (403, 404):
            folder_index = bucket.objects.get(f"{key}/{index}")
            if isinstance(folder_index, S3Object):
                _redirect(response, f"/{quote(key)}/", 302)
                return
        raise
    if found.website_redirect_location:
        _redirect(response, found.website_redirect_location, 301)
        return
    _send(bucket, found, context, response, 200)


def _serve_error_document(
    bucket: S3Bucket,
    document: str,
    error: WebsiteError,
    context: RequestContext,
    response: Response,
) -> None:
    try:
        found = _readable_object(bucket, document, context)
    except WebsiteError as nested:
        _error_page(response, error, context.request_id, nested)
        return
    if found.website_redirect_location:
        _redirect(response, found.website_redirect_location, 301)
        return
    _send(bucket, found, context, response, error.status)
    _error_headers(response, error)


def _send(
    bucket: S3Bucket,
    found: S3Object,
    context: RequestContext,
    response: Response,
    status: int,
) -> None:
    request = context.request
    headers = response.headers
    response.status_code = status
    headers["ETag"] = found.quoted_etag
    headers["Last-Modified"] = found.last_modified_rfc1123
    for name, value in found.system_metadata.items():
        headers[_SYSTEM_HEADERS.get(name, name)] = value
    headers.setdefault("Content-Type", "binary/octet-stream")
    for name, value in (found.user_metadata or {}).items():
        headers[f"x-amz-meta-{name}"] = value
    if found.version_id:
        headers["x-amz-version-id"] = found.version_id
    if status == 200 and _not_modified(request, found):
        response.status_code = 304
        return
    part = _range(request, found) if status == 200 else None
    length = part.content_length if part else found.size or 0
    headers["Content-Length"] = str(length)
    headers["Accept-Ranges"] = "bytes"
    if part:
        response.status_code = 206
        headers["Content-Range"] = part.content_range
    if request.method == "HEAD":
        return
    with _open(bucket, found) as stored:
        if part:
            stored.seek(part.begin)
        if length <= _SENT_AT_ONCE_BYTES:
            response.data = stored.read(length)
            return
    response.set_response(_stream(_open(bucket, found), part, length))
    headers["Content-Length"] = str(length)


def _open(bucket: S3Bucket, found: S3Object):
    from localstack.services.plugins import SERVICE_PLUGINS

    return SERVICE_PLUGINS.require("s3")._provider.object_store.open(bucket.name, found)


def _bucket(name: str) -> S3Bucket:
    found = buckets.find(name)
    if found is None:
        raise WebsiteError(
            404, "NoSuchBucket", "The specified bucket does not exist", {"BucketName": name}
        )
    return found


def _key(request) -> str:
    raw = request.environ.get("RAW_URI") or request.path
    return unquote(raw.split("?", 1)[0]).lstrip("/")


def _readable_object(bucket: S3Bucket, key: str, context: RequestContext) -> S3Object:
    """The object a visitor may read; else what AWS shows: 404 only to those who may list the bucket."""
    found = bucket.objects.get(key)
    missing = found is None or isinstance(found, S3DeleteMarker)
    if missing:
        if visitor.may(bucket, "s3:ListBucket", None, context):
            raise WebsiteError(404, "NoSuchKey", "The specified key does not exist.", {"Key": key})
        raise WebsiteError(403, "AccessDenied", "Access Denied")
    if not visitor.may(bucket, "s3:GetObject", key, context):
        raise WebsiteError(403, "AccessDenied", "Access Denied")
    if not archive.is_readable(found):
        raise WebsiteError(
            403,
            "InvalidObjectState",
            "The operation is not valid for the object's storage class",
            {"StorageClass": found.storage_class},
        )
    return found


def _rule(website: dict[str, Any], key: str, status: int | None) -> dict[str, Any] | None:
    """The first routing rule that applies: before the lookup those without an error code."""
    for rule in website.get("RoutingRules") or []:
        condition = rule.get("Condition") or {}
        code = condition.get("HttpErrorCodeReturnedEquals")
        if not key.startswith(condition.get("KeyPrefixEquals") or ""):
            continue
        if (status is None and code is None) or (code is not None and str(status) == str(code)):
            return rule
    return None


def _follow(rule: dict[str, Any], key: str, request, response: Response) -> None:
    redirect = rule["Redirect"]
    if (replacement := redirect.get("ReplaceKeyWith")) is not None:
        target = replacement
    elif (prefix := redirect.get("ReplaceKeyPrefixWith")) is not None:
        matched = (rule.get("Condition") or {}).get("KeyPrefixEquals") or ""
        target = prefix + key[len(matched) :]
    else:
        target = key
    protocol = redirect.get("Protocol") or request.scheme
    host = redirect.get("HostName") or request.host
    _redirect(
        response,
        f"{protocol}://{host}/{quote(target)}",
        int(redirect.get("HttpRedirectCode") or 301),
    )


def _redirect(response: Response, location: str, status: int) -> None:
    response.status_code = status
    response.headers["Location"] = location
    response.headers["Content-Length"] = "0"


def _not_modified(request, found: S3Object) -> bool:
    if wanted := request.headers.get("If-None-Match"):
        return any(
            tag.strip() == "*" or unquote_etag(tag.strip())[0] == found.etag
            for tag in wanted.split(",")
        )
    if since := parse_date(request.headers.get("If-Modified-Since")):
        return found.last_modified.replace(microsecond=0) <= since
    return False


def _range(request, found: S3Object) -> ObjectRange | None:
    wanted = request.headers.get("Range")
    if not wanted or not found.size:
        return None
    try:
        return parse_range_header(wanted, found.size)
    except Exception:
        raise WebsiteError(
            416,
            "InvalidRange",
            "The requested range is not satisfiable",
            {"RangeRequested": wanted},
        ) from None


def _stream(stored, part: ObjectRange | None, length: int):
    with stored:
        if part:
            stored.seek(part.begin)
        while length > 0 and (data := stored.read(min(length, _SENT_AT_ONCE_BYTES))):
            length -= len(data)
            yield data


def _error_headers(response: Response, error: WebsiteError) -> None:
    response.headers["x-amz-error-code"] = error.code
    response.headers["x-amz-error-message"] = error.message
    for name, value in error.details.items():
        response.headers[f"x-amz-error-detail-{name}"] = quote(value)


def _error_page(
    response: Response,
    error: WebsiteError,
    request_id: str,
    nested: WebsiteError | None = None,
) -> None:
    title = f"{error.status} {TITLES.get(error.status, error.code)}"
    lines = [f"<li>Code: {error.code}</li>", f"<li>Message: {html.escape(error.message)}</li>"]
    lines += [f"<li>{name}: {html.escape(value)}</li>" for name, value in error.details.items()]
    lines += [f"<li>RequestId: {request_id}</li>", "<li>HostId: sandbox</li>"]
    page = [
        f"<html>\n<head><title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n<ul>",
        *lines,
        "</ul>",
    ]
    if nested:
        page += [
            "<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>\n<ul>",
            f"<li>Code: {nested.code}</li>",
            f"<li>Message: {html.escape(nested.message)}</li>",
            *(f"<li>{name}: {html.escape(value)}</li>" for name, value in nested.details.items()),
            "</ul>",
        ]
    page += ["<hr/>\n</body>\n</html>\n"]
    response.status_code = error.status
    _error_headers(response, error)
    response.headers["Content-Type"] = "text/html; charset=utf-8"
    response.headers["Date"] = http_date()
    response.data = "\n".join(page).encode()
