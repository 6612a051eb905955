"""The music catalogue: one function behind all resources of the API."""

import base64
import hashlib
import json
import os
import re
from decimal import Decimal

import boto3
from boto3.dynamodb.conditions import Key
from botocore.exceptions import ClientError

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
FIELDS = {"artist": str, "title": str, "year": int, "genre": str, "copies": int}
MOST = 50


class Problem(Exception):
    """An answer with an error status."""

    def __init__(self, status, message, **headers):
        super().__init__(message)
        self.status = status
        self.headers = headers


def handler(event, context):
    """Answers every request: the path and the verb choose who does."""
    parts = [part for part in event["path"].split("/") if part]
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    query = event.get("queryStringParameters") or {}
    try:
        if parts == ["albums"]:
            return serve(
                event, {"GET": lambda: list_albums(query), "POST": lambda: create(body(event))}
            )
        if len(parts) == 2 and parts[0] == "albums":
            key = parts[1]
            return serve(
                event,
                {
                    "GET": lambda: show(key, headers),
                    "PUT": lambda: change(key, body(event), headers),
                    "DELETE": lambda: remove(key),
                },
            )
        raise Problem(404, "There is no such resource.")
    except Problem as problem:
        return answer(problem.status, {"message": str(problem)}, **problem.headers)


def serve(event, verbs):
    """Call the verb's function; 405 names the verbs that there are."""
    verb = event["httpMethod"]
    if verb not in verbs:
        raise Problem(405, f"{verb} is not possible here.", Allow=", ".join(verbs))
    return verbs[verb]()


def list_albums(query):
    """A page of albums, and where the next one is."""
    text = query.get("limit", "10")
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST:
        raise Problem(400, f"limit is a number from 1 to {MOST}.")
    request = {"Limit": int(text)}
    if "cursor" in query:
        request["ExclusiveStartKey"] = decode(query["cursor"])
    if "genre" in query:
        page = table.query(
            IndexName="by-genre", KeyConditionExpression=Key("genre").eq(query["genre"]), **request
        )
    else:
        page = table.scan(**request)
    found = {"items": page["Items"], "next": None}
    if "LastEvaluatedKey" in page:
        cursor = encode(page["LastEvaluatedKey"])
        genre = f"&genre={query['genre']}" if "genre" in query else ""
        found["next"] = f"/albums?limit={text}{genre}&cursor={cursor}"
    return answer(200, found)


def show(key, headers):
    """One album with its ETag; 304 for somebody who has it already."""
    album = find(key)
    tag = etag(album)
    if tag in [one.strip() for one in headers.get("if-none-match", "").split(",")]:
        return answer(304, None, ETag=tag)
    return answer(200, album, ETag=tag)


def create(album):
    """A new album under an id made of artist and title."""
    check(album)
    key = re.sub(r"[^a-z0-9]+", "-", f"{album['artist']} {album['title']}".lower()).strip("-")
    stored = {"id": key, **album}
    try:
        table.put_item(Item=stored, ConditionExpression="attribute_not_exists(id)")
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        raise Problem(409, f"There is an album {key} already.") from None
    return answer(201, stored, Location=f"/albums/{key}", ETag=etag(stored))


def change(key, album, headers):
    """Another content for an album, if nobody changed it since the client read it."""
    check(album)
    current = find(key)
    wanted = headers.get("if-match")
    if wanted is None:
        raise Problem(428, "Say with If-Match which version you change.")
    if wanted not in ("*", etag(current)):
        raise Problem(412, "Somebody changed the album in between.")
    stored = {"id": key, **album}
    table.put_item(Item=stored)
    return answer(200, stored, ETag=etag(stored))


def remove(key):
    """The album is gone."""
    find(key)
    table.delete_item(Key={"id": key})
    return answer(204, None)


def find(key):
    """The album, or 404."""
    album = table.get_item(Key={"id": key}, ConsistentRead=True).get("Item")
    if album is None:
        raise Problem(404, f"There is no album {key}.")
    return album


def body(event):
    """The request's JSON object, or 400."""
    try:
        found = json.loads(event.get("body") or "")
    except ValueError:
        raise Problem(400, "The body is not JSON.") from None
    if not isinstance(found, dict):
        raise Problem(400, "The body is no object.")
    found.pop("id", None)
    return found


def check(album):
    """Raise 400 unless the album has each field, of the right type, and no other."""
    for name, kind in FIELDS.items():
        if (
            not isinstance(album.get(name), kind)
            or isinstance(album[name], bool)
            or album[name] == ""
        ):
            raise Problem(400, f"{name} is missing or of another type than it should be.")
    if other := sorted(set(album) - set(FIELDS)):
        raise Problem(400, f"There is no field {other[0]}.")


def etag(album):
    """A name for this very content."""
    return '"' + hashlib.sha256(text_of(album).encode()).hexdigest()[:16] + '"'


def text_of(value):
    """JSON with numbers as numbers, always in the same order."""
    return json.dumps(
        value, sort_keys=True, default=lambda n: int(n) if isinstance(n, Decimal) else str(n)
    )


def encode(key):
    return base64.urlsafe_b64encode(text_of(key).encode()).decode().rstrip("=")


def decode(cursor):
    try:
        return json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        raise Problem(400, "This cursor is none of ours.") from None


def answer(status, content, **headers):
    """An answer as a proxy integration expects it."""
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json", **headers},
        "body": "" if content is None else text_of(content),
    }
