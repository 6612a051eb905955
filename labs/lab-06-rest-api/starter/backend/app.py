"""The music catalogue: one function behind all resources of the API.

What leads here and back is finished. The functions in the middle are yours.
"""

import base64
import json
import os
from decimal import Decimal

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
FIELDS = {"artist": str, "title": str, "year": int, "genre": str, "copies": int}


class Problem(Exception):
    """An answer with an error status: raise Problem(404, "There is no album x.")."""

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
    """Call the function of the request's verb."""
    verb = event["httpMethod"]
    return verbs[verb]()  # and where there is none?


def list_albums(query):
    """A page of albums, and where the next one is: {"items": [...], "next": "/albums?..." or None}."""
    raise Problem(501, "Not written yet.")


def show(key, headers):
    """One album with its ETag."""
    raise Problem(501, "Not written yet.")


def create(album):
    """A new album under an id made of artist and title: 201, Location."""
    raise Problem(501, "Not written yet.")


def change(key, album, headers):
    """Another content for an album, if nobody changed it since the client read it."""
    raise Problem(501, "Not written yet.")


def remove(key):
    """The album is gone: 204."""
    raise Problem(501, "Not written yet.")


def body(event):
    """The request's JSON."""
    return json.loads(event.get("body") or "")  # and if it is none?


def text_of(value):
    """JSON with numbers as numbers, always in the same order."""
    return json.dumps(
        value, sort_keys=True, default=lambda n: int(n) if isinstance(n, Decimal) else str(n)
    )


def encode(key):
    """A key of DynamoDB as a cursor that nobody has to understand."""
    return base64.urlsafe_b64encode(text_of(key).encode()).decode().rstrip("=")


def decode(cursor):
    """The key in a cursor; ValueError for anything else."""
    return json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))


def answer(status, content, **headers):
    """An answer as a proxy integration expects it: answer(200, album, ETag='"..."')."""
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json", **headers},
        "body": "" if content is None else text_of(content),
    }
