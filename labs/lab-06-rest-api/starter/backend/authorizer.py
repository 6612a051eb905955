"""Who may write: whoever has the shop's token. API Gateway asks this function first."""


def handler(event, context):
    """`event` has the header's value in authorizationToken, and the request's methodArn.

    Return a policy for execute-api:Invoke, or raise Exception("Unauthorized"), which becomes 401.
    """
    raise Exception("Unauthorized")
