"""Lab 06: a conversation with the catalogue, as a careful client would lead it."""

from __future__ import annotations

import concurrent.futures
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from boto3.dynamodb.types import TypeDeserializer

from sandbox.grading import Failure, check

ALBUMS = Path(__file__).parents[1] / "fixtures" / "lab-06" / "albums.json"
PATIENCE = 6


def base(lab) -> str:
    """The API's address from answers.toml."""
    url = str(lab.answer("url")).rstrip("/")
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not (
        host == "localhost" or host.endswith(".localhost")
    ):
        raise Failure("answers.toml does not hold the address of an API here.", actual=url)
    return url


def call(lab, method: str, path: str, *, patient: bool = True, **details: Any) -> httpx.Response:
    """One request to the API. Told to wait (429), it waits and asks again, like a good client."""
    url = path if "://" in path else f"{base(lab)}{path}"
    for _ in range(PATIENCE):
        try:
            reply = lab.http.request(method, url, **details)
        except httpx.HTTPError as error:
            raise Failure(f"The API cannot be reached at {url}: {error}") from None
        if reply.status_code != 429 or not patient:
            return reply
        pause = reply.headers.get("Retry-After", "1")
        time.sleep(min(float(pause), 2.0) if pause.isdigit() else 1.0)
    return reply


def token(lab) -> dict[str, str]:
    """The header of somebody who may write."""
    return {"Authorization": f"Bearer {lab.values.token}"}


def status(reply: httpx.Response, wanted: int, what: str, **more: Any) -> None:
    """Raise a Failure unless the status is the wanted one."""
    if reply.status_code != wanted:
        raise Failure(
            f"{what}: the status is another one.",
            expected=wanted,
            actual={"status": reply.status_code, "body": reply.text[:200]},
            **more,
        )


def content(reply: httpx.Response) -> Any:
    """The JSON of a reply; a Failure when it is none."""
    kind = reply.headers.get("Content-Type", "")
    try:
        found = reply.json()
    except ValueError:
        raise Failure("The body is not JSON.", actual=reply.text[:200]) from None
    if "json" not in kind:
        raise Failure(
            "The Content-Type does not say JSON.", expected="application/json", actual=kind
        )
    return found


def stored(lab, key: str) -> dict[str, Any] | None:
    """An album as the table has it, numbers as int."""
    item = (
        lab.client("dynamodb")
        .get_item(TableName=lab.values.table, Key={"id": {"S": key}}, ConsistentRead=True)
        .get("Item")
    )
    if item is None:
        return None
    read = TypeDeserializer().deserialize
    return {name: int(read(value)) if "N" in value else read(value) for name, value in item.items()}


def known() -> list[dict[str, Any]]:
    """The albums of the fixture."""
    return json.loads(ALBUMS.read_text(encoding="utf-8"))


def in_table(lab) -> set[str]:
    """The ids of all albums in the table."""
    pages = (
        lab.client("dynamodb")
        .get_paginator("scan")
        .paginate(TableName=lab.values.table, ProjectionExpression="id", ConsistentRead=True)
    )
    return {item["id"]["S"] for page in pages for item in page["Items"]}


def new_album() -> dict[str, Any]:
    """An album that nobody has yet."""
    return {
        "artist": "The Checkers",
        "title": f"Take {secrets.token_hex(4)}",
        "year": 2024,
        "genre": "jazz",
        "copies": 4,
    }


def forget(lab, album: dict[str, Any]) -> None:
    """Remove a check's albums from the table, whatever ids they got."""
    table = lab.values.table
    client = lab.client("dynamodb")
    pages = client.get_paginator("scan").paginate(
        TableName=table,
        FilterExpression="title = :title",
        ExpressionAttributeValues={":title": {"S": str(album.get("title"))}},
        ConsistentRead=True,
    )
    for page in pages:
        for item in page["Items"]:
            client.delete_item(TableName=table, Key={"id": item["id"]})


@contextmanager
def created(lab) -> Iterator[tuple[str, dict[str, Any], httpx.Response]]:
    """A new album: (path, what was sent, the answer); gone afterwards."""
    album = new_album()
    try:
        reply = call(lab, "POST", "/albums", json=album, headers=token(lab))
        status(reply, 201, "POST /albums")
        yield path_of(lab, reply.headers.get("Location", "")), album, reply
    finally:
        forget(lab, album)


def path_of(lab, location: str) -> str:
    """`/albums/ID` of a Location, which may be a whole address."""
    path = urlsplit(location).path
    stage = urlsplit(base(lab)).path
    if stage and path.startswith(f"{stage}/"):
        path = path.removeprefix(stage)
    if not path.startswith("/albums/"):
        raise Failure("Location does not say where the album is.", actual=location)
    return path


def pages_of(lab, first: str) -> list[list[dict[str, Any]]]:
    """Every page, from `first` on."""
    found, path = [], first
    for _ in range(80):
        reply = call(lab, "GET", path)
        status(reply, 200, f"GET {path}")
        page = content(reply)
        if not isinstance(page, dict) or not isinstance(page.get("items"), list):
            raise Failure('A list is {"items": [...], "next": ...}.', actual=reply.text[:200])
        found.append(page["items"])
        following = page.get("next")
        if not following:
            return found
        parts = urlsplit(following)
        stage = urlsplit(base(lab)).path
        path = (parts.path.removeprefix(stage) if stage else parts.path) + f"?{parts.query}"
    raise Failure("The pages do not end.", actual=path)


@check(points=2, step="read", hint="Which address does one album have?", timeout=40)
def album_is_read(lab):
    """GET /albums/ID answers 200 with the album"""
    for album in known()[3::23]:
        path = f"/albums/{album['id']}"
        reply = call(lab, "GET", path)
        status(reply, 200, f"GET {path}")
        found, wanted = content(reply), stored(lab, album["id"])
        if found != wanted:
            raise Failure(f"GET {path} is not what the table has.", expected=wanted, actual=found)


@check(needs=["album_is_read"], step="read", hint="What does a browser show for a wrong address?")
def unknown_is_404(lab):
    """An album or a path that does not exist is answered with 404, in JSON"""
    for path in ("/albums/no-such-album", "/nothing/here"):
        reply = call(lab, "GET", path)
        status(reply, 404, f"GET {path}")
        content(reply)


@check(points=2, needs=["album_is_read"], step="pages", hint="How does a client go on?", timeout=60)
def list_has_pages(lab):
    """GET /albums hands out all albums page by page, each once"""
    first = call(lab, "GET", "/albums")
    status(first, 200, "GET /albums")
    if len(content(first).get("items", ())) != 10:
        raise Failure(
            "Without a limit a page has ten albums.",
            expected=10,
            actual=len(content(first).get("items", ())),
        )
    pages = pages_of(lab, "/albums?limit=13")
    if any(len(page) > 13 for page in pages):
        raise Failure("A page is longer than its limit.", actual=[len(page) for page in pages])
    ids = [album.get("id") for page in pages for album in page]
    wanted = in_table(lab)
    if sorted(map(str, ids)) != sorted(wanted):
        raise Failure(
            "The pages do not hold every album once.",
            expected=len(wanted),
            actual={"albums": len(ids), "different ones": len(set(ids))},
        )


@check(
    points=2,
    needs=["album_is_read"],
    step="pages",
    hint="What must the second page know of the first?",
    timeout=60,
)
def list_is_filtered(lab):
    """GET /albums?genre=... hands out that genre, page by page"""
    for genre, limit in (("folk", 5), ("jazz", 20)):
        pages = pages_of(lab, f"/albums?genre={genre}&limit={limit}")
        ids = sorted(str(album.get("id")) for page in pages for album in page)
        wanted = sorted(album["id"] for album in known() if album["genre"] == genre)
        if ids != wanted or any(len(page) > limit for page in pages):
            raise Failure(
                f"The albums of the genre {genre} are others.",
                expected=len(wanted),
                actual={"albums": len(ids), "of the genre": len(set(ids) & set(wanted))},
            )


@check(
    needs=["album_is_read"], step="pages", hint="Whose mistake is it, and which hundred is that?"
)
def bad_limit_is_400(lab):
    """A limit that makes no sense is answered with 400"""
    for limit in ("0", "51", "-3", "many"):
        status(call(lab, "GET", f"/albums?limit={limit}"), 400, f"GET /albums?limit={limit}")


@check(
    points=2,
    needs=["album_is_read"],
    step="write",
    hint="Which status says that something was made, and which header says where?",
    acts=True,
    timeout=40,
)
def album_is_created(lab):
    """POST /albums makes an album: 201, and Location leads to it"""
    with created(lab) as (path, album, _reply):
        reply = call(lab, "GET", path)
        status(reply, 200, f"GET {path}")
        found = content(reply)
        found.pop("id", None)
        if found != album:
            raise Failure("The new album is another one.", expected=album, actual=found)


@check(
    needs=["album_is_created"],
    step="write",
    hint="What would the next reader do with a year that is a word?",
    acts=True,
    timeout=40,
)
def bad_body_is_400(lab):
    """A body that is no album is answered with 400 and changes nothing"""
    album = new_album()
    bad: list[tuple[str, bytes]] = [
        ("no JSON", b"{title"),
        ("a list", b"[]"),
        ("no title", json.dumps({k: v for k, v in album.items() if k != "title"}).encode()),
        ("a year in words", json.dumps({**album, "year": "MMXXIV"}).encode()),
    ]
    before = in_table(lab)
    try:
        for what, body in bad:
            headers = {**token(lab), "Content-Type": "application/json"}
            reply = call(lab, "POST", "/albums", content=body, headers=headers)
            status(reply, 400, f"POST /albums with {what}")
        if in_table(lab) != before:
            raise Failure("The table has changed.")
    finally:
        for key in in_table(lab) - before:
            lab.client("dynamodb").delete_item(TableName=lab.values.table, Key={"id": {"S": key}})


@check(
    needs=["album_is_created"],
    step="write",
    hint="Which condition lets a write happen once only?",
    acts=True,
    timeout=40,
)
def same_album_conflicts(lab):
    """The same album again is a conflict, and the first one stays"""
    with created(lab) as (path, album, _reply):
        again = {**album, "copies": 99}
        status(
            call(lab, "POST", "/albums", json=again, headers=token(lab)),
            409,
            "POST /albums a second time",
        )
        if content(call(lab, "GET", path)).get("copies") != album["copies"]:
            raise Failure("The second one replaced the first.")


@check(
    needs=["album_is_created", "unknown_is_404"],
    step="write",
    hint="What is there to say when something is gone?",
    acts=True,
    timeout=40,
)
def album_is_deleted(lab):
    """DELETE answers 204 without a body, and the album is gone"""
    with created(lab) as (path, _album, _reply):
        reply = call(lab, "DELETE", path, headers=token(lab))
        status(reply, 204, f"DELETE {path}")
        if reply.content:
            raise Failure("204 has no body.", actual=reply.text[:100])
        status(call(lab, "GET", path), 404, f"GET {path} afterwards")
        status(call(lab, "DELETE", path, headers=token(lab)), 404, f"DELETE {path} again")


@check(
    needs=["album_is_created"],
    step="write",
    hint="How does a client learn what is possible?",
    acts=True,
    timeout=40,
)
def wrong_verb_is_405(lab):
    """A verb that a resource does not know is answered with 405 and the verbs it knows"""
    for path, verb, wanted in (
        ("/albums", "PATCH", {"GET", "POST"}),
        (f"/albums/{known()[0]['id']}", "POST", {"GET", "PUT", "DELETE"}),
    ):
        reply = call(lab, verb, path, headers=token(lab), json={})
        status(reply, 405, f"{verb} {path}")
        allowed = {name.strip() for name in reply.headers.get("Allow", "").split(",")} - {""}
        if not wanted <= allowed or verb in allowed:
            raise Failure(
                "Allow does not name the verbs.", expected=sorted(wanted), actual=sorted(allowed)
            )


@check(
    points=2,
    needs=["album_is_read"],
    step="conditional",
    hint="What need not be sent to somebody who has it already?",
    timeout=40,
)
def etag_saves_a_transfer(lab):
    """Who has an album already gets 304 and no body"""
    path = f"/albums/{known()[5]['id']}"
    tag = call(lab, "GET", path).headers.get("ETag", "")
    if not (tag.startswith(('"', 'W/"')) and tag.endswith('"') and len(tag) > 3):
        raise Failure("There is no ETag, or it is not in quotes.", actual=tag)
    same = call(lab, "GET", path, headers={"If-None-Match": tag})
    status(same, 304, f"GET {path} with If-None-Match: {tag}")
    if same.content:
        raise Failure("304 has no body.", actual=same.text[:100])
    other = call(lab, "GET", path, headers={"If-None-Match": '"something-else"'})
    status(other, 200, f"GET {path} with another ETag")
    elsewhere = call(lab, "GET", f"/albums/{known()[6]['id']}").headers.get("ETag")
    if elsewhere == tag:
        raise Failure("Two albums have the same ETag.", actual=tag)


@check(
    points=3,
    needs=["album_is_created", "etag_saves_a_transfer"],
    step="conditional",
    hint="Two people read, two people write. Who loses?",
    acts=True,
    timeout=40,
)
def change_needs_the_right_version(lab):
    """PUT without If-Match is 428, with an old ETag 412; with the present one it changes the album"""
    with created(lab) as (path, album, _reply):
        first = call(lab, "GET", path).headers.get("ETag", "")
        mine, yours = {**album, "copies": 11}, {**album, "copies": 12}
        status(call(lab, "PUT", path, json=mine, headers=token(lab)), 428, "PUT without If-Match")
        reply = call(lab, "PUT", path, json=mine, headers={**token(lab), "If-Match": first})
        status(reply, 200, "PUT with the present ETag")
        second = call(lab, "GET", path)
        if content(second).get("copies") != 11:
            raise Failure("The album was not changed.", expected=11, actual=second.text[:200])
        if second.headers.get("ETag") == first:
            raise Failure("The ETag stayed while the content changed.", actual=first)
        status(
            call(lab, "PUT", path, json=yours, headers={**token(lab), "If-Match": first}),
            412,
            "PUT with the ETag from before",
        )
        if content(call(lab, "GET", path)).get("copies") != 11:
            raise Failure("The late writer's change won.", expected=11)


@check(
    points=2,
    needs=["album_is_created"],
    step="token",
    hint="Who stands in front of your function?",
    acts=True,
    timeout=40,
)
def writing_needs_the_token(lab):
    """Without the shop's token, and with another one, nothing is written: 401 and WWW-Authenticate"""
    album = new_album()
    strangers: list[tuple[str, dict[str, str]]] = [
        ("without a token", {}),
        ("with another token", {"Authorization": f"Bearer {secrets.token_hex(12)}"}),
        ("with the token but another scheme", {"Authorization": f"Basic {lab.values.token}"}),
    ]
    try:
        for who, headers in strangers:
            reply = call(lab, "POST", "/albums", json=album, headers=headers)
            status(reply, 401, f"POST /albums {who}")
            if not reply.headers.get("WWW-Authenticate", "").startswith("Bearer"):
                raise Failure(
                    "401 does not say what is expected.",
                    expected="WWW-Authenticate: Bearer",
                    actual=reply.headers.get("WWW-Authenticate"),
                )
            path = f"/albums/{known()[0]['id']}"
            status(call(lab, "DELETE", path, headers=headers), 401, f"DELETE {path} {who}")
    finally:
        forget(lab, album)


@check(
    points=2,
    needs=["album_is_read"],
    step="rate",
    hint="What does a client do that is told nothing but no?",
    acts=True,
    timeout=60,
)
def too_many_are_told_when(lab):
    """More requests than your rate are answered with 429 and Retry-After; after waiting all is well"""
    rate = lab.values.rate
    path = f"/albums/{known()[1]['id']}"
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        # As many functions as it takes are started before anything is measured.
        list(pool.map(lambda _: call(lab, "GET", path), range(8)))
        # The bucket fills up again, even one of twice the size: what is measured is a full one.
        time.sleep(2.2)
        begun = time.monotonic()

        def ask(_: int) -> tuple[float, httpx.Response]:
            # Whether it is let through is decided when it arrives, however long it is worked on then.
            return time.monotonic() - begun, call(lab, "GET", path, patient=False)

        asked = list(pool.map(ask, range(rate * 5)))
    took = max(moment for moment, _ in asked)
    replies = [reply for _, reply in asked]
    served = sum(reply.status_code == 200 for reply in replies)
    refused = [reply for reply in replies if reply.status_code == 429]
    most = rate + rate * took + 3
    if not refused or not rate - 1 <= served <= most:
        raise Failure(
            "The limit is another one.",
            expected=f"{rate} at once, then {rate} per second",
            actual=f"{served} of {len(replies)} were served in {took:.1f} s",
            help="Both rateLimit and burstLimit of the stage are $LAB_RATE.",
        )
    pause = refused[0].headers.get("Retry-After", "")
    if not pause.isdigit() or not 1 <= int(pause) <= 30:
        raise Failure("429 does not say when to come back.", expected="Retry-After", actual=pause)
    time.sleep(int(pause))
    status(call(lab, "GET", path, patient=False), 200, "GET after waiting")
