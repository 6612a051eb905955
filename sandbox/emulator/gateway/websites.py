"""Sends requests to website endpoints to S3's website hosting, ahead of the AWS chain."""

from __future__ import annotations

import re

from localstack.aws.api import RequestContext
from localstack.aws.chain import Handler, HandlerChain
from localstack.http import Response

# Both forms that AWS uses: BUCKET.s3-website-REGION... and BUCKET.s3-website.REGION...
HOST = re.compile(r"^(?P<bucket>[^/]+?)\.s3-website[.-](?P<region>[a-z0-9-]+)\.", re.IGNORECASE)


class WebsiteHandler(Handler):
    """Answers requests whose Host is a website endpoint and ends the chain there."""

    def __call__(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        host = context.request.host
        # The import costs memory that a world without websites need not pay.
        if ".s3-website" in host and (found := HOST.match(host)):
            from sandbox.emulator.s3 import website

            website.serve(found["bucket"], context, response)
            chain.terminate()
