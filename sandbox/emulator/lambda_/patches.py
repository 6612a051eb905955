"""Changes inside LocalStack's Lambda modules, each with the upstream function and the reason."""

from __future__ import annotations

_applied = False


def apply() -> None:
    """Apply once, before the provider is made."""
    global _applied
    if _applied:
        return
    _applied = True
    from localstack.services.lambda_ import api_utils, provider, runtimes
    from localstack.services.lambda_.event_source_mapping.pollers.stream_poller import StreamPoller
    from localstack.services.lambda_.invocation import lambda_service

    from sandbox.emulator.lambda_ import code, permissions, streams
    from sandbox.emulator.lambda_ import runtimes as ours
    from sandbox.emulator.lambda_.service import SandboxLambdaService

    # store_lambda_archive keeps archives in a bucket of an internal account; ours are files of the world.
    provider.store_lambda_archive = code.store
    lambda_service.store_lambda_archive = code.store
    # build_statement does not know who exists, nor Alexa.
    api_utils.build_statement = permissions.statement_builder(api_utils.build_statement)
    # LambdaProvider makes its service by this name.
    provider.LambdaService = SandboxLambdaService
    # forward_events_to_target does not know BisectBatchOnFunctionError.
    StreamPoller.forward_events_to_target = streams.forwarder(StreamPoller.forward_events_to_target)
    # Runtimes that came after this version of the core.
    for name in ours.NEWEST:
        if name not in runtimes.ALL_RUNTIMES:
            runtimes.ALL_RUNTIMES.append(name)
            runtimes.SUPPORTED_RUNTIMES.append(name)
            runtimes.RUNTIMES_AGGREGATED[name.rstrip("x.0123456789")].insert(0, name)
    provider.VALID_RUNTIMES = provider.VALID_RUNTIMES.replace("[", f"[{', '.join(ours.NEWEST)}, ")
    patch_cloudformation()


def patch_cloudformation() -> None:
    """aws_lambda_function.NODEJS_CFN_RESPONSE_CONTENT speaks HTTPS only; answers here go over HTTP.

    CloudFormation calls this, too: it may make its first function before Lambda is loaded.
    """
    from localstack.services.lambda_.resource_providers import aws_lambda_function

    from sandbox.emulator.lambda_.runtimes import HERE

    module = (HERE / "node" / "cfn-response.js").read_text()
    aws_lambda_function.NODEJS_CFN_RESPONSE_CONTENT = module
