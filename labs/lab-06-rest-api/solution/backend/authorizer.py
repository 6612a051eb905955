"""Who may write: whoever has the shop's token."""

import hmac
import os


def handler(event, context):
    """A policy for the caller; "Unauthorized" becomes 401."""
    scheme, _, token = event["authorizationToken"].partition(" ")
    if scheme != "Bearer" or not hmac.compare_digest(token, os.environ["TOKEN"]):
        raise Exception("Unauthorized")
    api = event["methodArn"].split("/", 1)[0]
    return {
        "principalId": "shop",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": f"{api}/*"}
            ],
        },
    }
