"""Lab 01: what a visitor, and S3 itself, say about the finished buckets."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from sandbox.grading import Failure, check

SITE = Path(__file__).parents[1] / "fixtures" / "lab-01" / "site"
PAGES = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*") if path.is_file())
# news.html is replaced by the student in step "versions".
UNCHANGED = [page for page in PAGES if page != "news.html"]
LOG = "logs/visits-2025-05.log"
TYPES = {".html": "text/html", ".css": "text/css", ".svg": "image/svg+xml"}


@check(step="bucket", hint="Which region is in the LocationConstraint, and is us-east-1 ever?")
def bucket_exists(lab):
    """The bucket is there, in us-east-1"""
    location = lab.client("s3").get_bucket_location(Bucket=lab.values.bucket)
    region = location.get("LocationConstraint") or "us-east-1"
    if region != "us-east-1":
        raise Failure("The bucket is in another region.", expected="us-east-1", actual=region)


@check(points=2, needs=["bucket_exists"], step="bucket", hint="What does sync do that cp does not?")
def site_is_uploaded(lab):
    """Every file of the site is in the bucket, unchanged"""
    s3 = lab.client("s3")
    missing, different = [], []
    for page in UNCHANGED:
        try:
            body = s3.get_object(Bucket=lab.values.bucket, Key=page)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
            missing.append(page)
            continue
        if body != (SITE / page).read_bytes():
            different.append(page)
    if missing or different:
        raise Failure(
            "The bucket does not hold the site as it is in the folder site/.",
            expected=UNCHANGED,
            actual={"missing": missing, "different": different},
            help="Keys are paths below site/: images/harbour.svg, not site/images/harbour.svg.",
        )


@check(needs=["site_is_uploaded"], step="bucket", hint="What does a browser do with text/plain?")
def content_types_are_right(lab):
    """Each page says what it is (Content-Type)"""
    s3 = lab.client("s3")
    wrong = {}
    for page in UNCHANGED:
        kind = s3.head_object(Bucket=lab.values.bucket, Key=page)["ContentType"]
        if kind.split(";")[0] != TYPES[Path(page).suffix]:
            wrong[page] = kind
    if wrong:
        raise Failure(
            "A browser would not show these as what they are.",
            expected={page: TYPES[Path(page).suffix] for page in wrong},
            actual=wrong,
        )


@check(step="visitor", hint="`curl -i` shows the status line and the body.")
def visitor_was_refused(lab):
    """You know how S3 refuses a visitor"""
    status, code = lab.answer("visitor_status"), lab.answer("visitor_code")
    if (status, code) != (403, "AccessDenied"):
        raise Failure(
            "That is not what a visitor gets for a private object.",
            actual={"visitor_status": status, "visitor_code": code},
            help="Fetch an object that nobody shared: draft.html in your press bucket, for instance.",
        )


@check(points=2, step="acl", hint="`sandbox events --denied` names the rule that refused.")
def poster_is_public(lab):
    """A visitor sees the poster in the press bucket"""
    reply = lab.http.get(lab.object_url("poster.svg", bucket=lab.values.press_bucket))
    if reply.status_code != 200:
        raise Failure(
            "The poster is not public.",
            expected=200,
            actual=reply.status_code,
            help=reply.text[:300],
        )
    if reply.content != (SITE / "images" / "harbour.svg").read_bytes():
        raise Failure("That is not the poster: it is site/images/harbour.svg under another name.")


@check(
    needs=["poster_is_public"], step="acl", hint="What does a policy share that an ACL does not?"
)
def only_the_poster_is_public(lab):
    """The draft beside the poster stays private"""
    s3 = lab.client("s3")
    s3.head_object(Bucket=lab.values.press_bucket, Key="draft.html")
    reply = lab.http.get(lab.object_url("draft.html", bucket=lab.values.press_bucket))
    if reply.status_code != 403:
        raise Failure("Anybody can read the draft.", expected=403, actual=reply.status_code)


@check(points=3, needs=["site_is_uploaded"], step="policy", hint="Which resource is an *object*?")
def visitor_reads_every_page(lab):
    """A visitor reads every page of the site"""
    refused = {}
    for page in PAGES:
        reply = lab.http.get(lab.object_url(page))
        if reply.status_code != 200:
            refused[page] = reply.status_code
    if refused:
        raise Failure(
            "Some pages are not shared.",
            expected=200,
            actual=refused,
            credit=0 if len(refused) == len(PAGES) else 0.3,
            help="`sandbox events --denied` says which rule refused the request.",
        )


@check(
    points=2,
    needs=["visitor_reads_every_page"],
    step="policy",
    hint="What could a stranger do with s3:*?",
)
def visitor_can_only_read(lab):
    """A visitor can read, and nothing else"""
    s3 = lab.client("s3", anonymous=True)
    bucket = lab.values.bucket
    tried: list[tuple[str, Any]] = [
        ("list the bucket", lambda: s3.list_objects_v2(Bucket=bucket)),
        ("list the versions", lambda: s3.list_object_versions(Bucket=bucket)),
        ("read the policy", lambda: s3.get_bucket_policy(Bucket=bucket)),
        ("read an ACL", lambda: s3.get_object_acl(Bucket=bucket, Key="index.html")),
        ("read the tags", lambda: s3.get_object_tagging(Bucket=bucket, Key="index.html")),
    ]
    allowed = [what for what, call in tried if _succeeds(call)]
    # What a visitor may write is read from the policy engine, so that nothing has to be written.
    statements = _statements(lab)
    broad = sorted(
        {
            action
            for statement in statements
            if statement.get("Effect") == "Allow"
            for action in _listed(statement.get("Action"))
            if action.lower() not in ("s3:getobject", "s3:getobjectversion")
        }
    )
    if allowed or broad:
        raise Failure(
            "The policy gives a visitor more than reading objects.",
            expected=["s3:GetObject", "s3:GetObjectVersion"],
            actual={"a visitor can also": allowed, "other actions in the policy": broad},
        )


@check(needs=["bucket_exists"], step="versions", hint="Off, on, suspended: three states.")
def versioning_is_enabled(lab):
    """The bucket keeps versions"""
    status = lab.client("s3").get_bucket_versioning(Bucket=lab.values.bucket).get("Status")
    if status != "Enabled":
        raise Failure("Versioning is not on.", expected="Enabled", actual=status)


@check(points=2, needs=["versioning_is_enabled"], step="versions", hint="Count the editions.")
def news_has_editions(lab):
    """news.html has three versions with different content, the newest with your headline"""
    s3 = lab.client("s3")
    bucket = lab.values.bucket
    editions = [
        s3.get_object(Bucket=bucket, Key="news.html", VersionId=version["VersionId"])["Body"].read()
        for version in _versions(s3, bucket, "news.html")
    ]
    if len(set(editions)) < 3:
        raise Failure(
            "news.html has too few different versions.",
            expected="3 or more",
            actual=len(set(editions)),
        )
    newest = s3.get_object(Bucket=bucket, Key="news.html")["Body"].read().decode(errors="replace")
    if lab.values.headline not in newest:
        raise Failure(
            "The newest edition does not carry your headline.",
            expected=lab.values.headline,
            actual=newest[-200:],
        )


@check(
    points=2,
    needs=["news_has_editions", "visitor_reads_every_page"],
    step="versions",
    hint="Which action reads *versions* of an object?",
)
def visitor_reads_old_version(lab):
    """A visitor fetches an old edition by its version id"""
    s3 = lab.client("s3")
    old = [v for v in _versions(s3, lab.values.bucket, "news.html") if not v["IsLatest"]][-1]
    reply = lab.http.get(lab.object_url("news.html", version_id=old["VersionId"]))
    if reply.status_code != 200:
        raise Failure(
            "A visitor may not read old versions.",
            expected=200,
            actual=reply.status_code,
            help=reply.text[:400],
        )


@check(needs=["versioning_is_enabled"], step="versions", hint="Where is the marker now?")
def visit_was_deleted_and_restored(lab):
    """visit.html was deleted and came back, as the same version"""
    s3 = lab.client("s3")
    bucket = lab.values.bucket
    versions = s3.list_object_versions(Bucket=bucket, Prefix="visit.html")
    if versions.get("DeleteMarkers"):
        raise Failure("A delete marker still lies on visit.html.", help="Delete the marker itself.")
    s3.head_object(Bucket=bucket, Key="visit.html")
    deletes = [
        event
        for event in lab.events(service="s3", limit=5000)
        if event.get("action") in ("DeleteObject", "DeleteObjects", "s3:DeleteObject")
        and "visit.html" in str(event.get("resource"))
    ]
    if not deletes:
        raise Failure("visit.html was never deleted.", help="Delete it, then bring it back.")


@check(points=2, needs=["bucket_exists"], step="lifecycle", hint="Read your rule as S3 keeps it.")
def lifecycle_rule_is_right(lab):
    """A rule moves logs/ to STANDARD_IA and GLACIER after your number of days"""
    rules = lab.client("s3").get_bucket_lifecycle_configuration(Bucket=lab.values.bucket)["Rules"]
    wanted = {"STANDARD_IA": lab.values.warm_days, "GLACIER": lab.values.archive_days}
    found = {}
    for rule in rules:
        prefix = (rule.get("Filter") or {}).get("Prefix", rule.get("Prefix"))
        if rule["Status"] == "Enabled" and prefix == "logs/":
            for transition in rule.get("Transitions", []):
                found[transition["StorageClass"]] = transition.get("Days")
    if found != wanted:
        raise Failure(
            "The transitions for logs/ are different ones.",
            expected=wanted,
            actual=found,
            help="Your numbers: echo $LAB_WARM_DAYS $LAB_ARCHIVE_DAYS",
        )


@check(
    points=2,
    needs=["lifecycle_rule_is_right"],
    step="lifecycle",
    hint="`sandbox clock` shows the time that S3 sees.",
)
def log_aged_into_the_archive(lab):
    """The log went to GLACIER by its age"""
    head = lab.client("s3").head_object(Bucket=lab.values.bucket, Key=LOG)
    storage_class = head.get("StorageClass", "STANDARD")
    if storage_class != "GLACIER":
        raise Failure("The log is in another class.", expected="GLACIER", actual=storage_class)
    age = _now(lab) - head["LastModified"]
    if age < timedelta(days=lab.values.archive_days):
        raise Failure(
            "The log is too young to have been moved by the rule: it was uploaded into the archive.",
            expected=f"{lab.values.archive_days} days or more",
            actual=f"{age.days} days",
        )


@check(
    points=2,
    needs=["log_aged_into_the_archive"],
    step="lifecycle",
    hint="How long does a Standard retrieval take?",
)
def log_is_restored(lab):
    """The archived log was restored and can be read"""
    got = lab.client("s3").get_object(Bucket=lab.values.bucket, Key=LOG)
    body = got["Body"].read()
    if body != (SITE.parent / LOG).read_bytes():
        raise Failure("What was restored is not the log of the folder logs/.")


@check(
    points=2, needs=["visitor_reads_every_page"], step="website", hint="Open the root, not a file."
)
def website_shows_the_index(lab):
    """The website's address shows the start page"""
    reply = lab.http.get(lab.website_url("/"))
    if reply.status_code != 200 or reply.content != (SITE / "index.html").read_bytes():
        raise Failure(
            "The website does not show index.html.",
            expected=200,
            actual=reply.status_code,
            help=f"Open {lab.website_url('/')}",
        )


@check(needs=["website_shows_the_index"], step="website", hint="Two documents belong to a website.")
def website_has_an_error_page(lab):
    """A page that is not there shows your error page"""
    reply = lab.http.get(lab.website_url("/no/such/room.html"))
    if reply.content != (SITE / "error.html").read_bytes() or reply.status_code not in (403, 404):
        raise Failure(
            "A wrong address does not show error.html.",
            expected="403 or 404 with the content of error.html",
            actual=f"{reply.status_code} {reply.text[:120]}",
        )


def _versions(s3, bucket: str, key: str) -> list[dict[str, Any]]:
    listed = s3.list_object_versions(Bucket=bucket, Prefix=key).get("Versions", [])
    return [version for version in listed if version["Key"] == key]


def _succeeds(call) -> bool:
    try:
        call()
    except ClientError:
        return False
    return True


def _statements(lab) -> list[dict[str, Any]]:
    import json

    policy = json.loads(lab.client("s3").get_bucket_policy(Bucket=lab.values.bucket)["Policy"])
    return policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])


def _now(lab) -> datetime:
    """The sandbox clock, from the status that anybody may read."""
    return datetime.fromisoformat(lab.http.get(f"{lab.endpoint}/_sandbox/status").json()["clock"])
