"""Requests of Cognito that are no API calls: the keys of pools by path, the pages of their domains by host."""

from __future__ import annotations

import re

from localstack.aws.api import RequestContext
from localstack.aws.chain import Handler, HandlerChain
from localstack.http import Response

# AWS's names and ours; `amazoncognito.com` is where AWS's hosted pages are.
DOMAIN = re.compile(
    r"(?P<prefix>[a-z0-9-]+)\.auth\.(?P<region>[a-z0-9-]+)\.(?:localhost|amazoncognito\.com)"
)
WELL_KNOWN = re.compile(
    r"/(?P<pool>[a-z]{2}(?:-[a-z]+)+-\d_[0-9A-Za-z]+)/\.well-known/(?P<name>[a-z-]+(?:\.json)?)"
)
IDENTITY_HOST = re.compile(r"cognito-identity(?:\.[a-z0-9-]+)?\.(?:localhost|amazonaws\.com)")


class CognitoHandler(Handler):
    """Answers them and ends the chain there."""

    def __call__(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        request = context.request
        path = request.path
        if "/.well-known/" in path:
            if found := WELL_KNOWN.fullmatch(path):
                from sandbox.emulator.cognito import well_known

                well_known.serve(found["pool"], found["name"], request, response)
                chain.terminate()
            elif IDENTITY_HOST.fullmatch(request.host.split(":")[0]):
                from sandbox.emulator.cognito.identity import keys

                keys.serve(path, request, response)
                chain.terminate()
            return
        if ".auth." in request.host:
            found = DOMAIN.fullmatch(request.host.split(":")[0].lower())
            if found:
                from sandbox.emulator.cognito.hosted import site

                site.serve(found["prefix"], request, response)
                chain.terminate()
