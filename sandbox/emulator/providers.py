"""Entry points that give LocalStack our providers, one short function per service.

LocalStack picks them through `PROVIDER_OVERRIDE_<SERVICE>=sandbox`, which `sandbox.stack.settings`
sets. The imports stand inside the functions so that a service costs nothing until it is used.
"""

from localstack.services.plugins import Service, aws_provider


@aws_provider(api="s3", name="sandbox")
def s3() -> Service:
    """S3 with objects kept in the world's folder."""
    from sandbox.emulator.s3.provider import SandboxS3Provider

    return Service.for_provider(SandboxS3Provider())


@aws_provider(api="dynamodb", name="sandbox")
def dynamodb() -> Service:
    """DynamoDB on a real engine, one process per account and region."""
    from sandbox.emulator.dynamodb.provider import SandboxDynamoDBProvider

    return Service.for_provider(SandboxDynamoDBProvider())


@aws_provider(api="dynamodbstreams", name="sandbox")
def dynamodbstreams() -> Service:
    """The streams of the same engine."""
    from sandbox.emulator.dynamodbstreams.provider import SandboxDynamoDBStreamsProvider

    return Service.for_provider(SandboxDynamoDBStreamsProvider())


@aws_provider(api="iam", name="sandbox")
def iam() -> Service:
    """IAM over moto, with policy documents checked and the simulator on the policy engine."""
    from sandbox.emulator.iam.provider import SandboxIamProvider, dispatcher

    return Service.for_provider(SandboxIamProvider(), dispatch_table_factory=dispatcher)


@aws_provider(api="sts", name="sandbox")
def sts() -> Service:
    """STS whose credentials are checked and expire."""
    from localstack.services.moto import MotoFallbackDispatcher

    from sandbox.emulator.iam.sts_provider import SandboxStsProvider

    return Service.for_provider(SandboxStsProvider(), dispatch_table_factory=MotoFallbackDispatcher)


@aws_provider(api="cloudtrail", name="sandbox")
def cloudtrail() -> Service:
    """CloudTrail's event history, from the world's own record of requests."""
    from sandbox.emulator.cloudtrail.provider import SandboxCloudTrailProvider

    return Service.for_provider(SandboxCloudTrailProvider())


@aws_provider(api="apigateway", name="sandbox")
def apigateway() -> Service:
    """REST APIs with authorizers, limits and answers as on AWS."""
    from sandbox.emulator.apigateway.provider import SandboxApigatewayProvider, dispatcher

    return Service.for_provider(SandboxApigatewayProvider(), dispatch_table_factory=dispatcher)


@aws_provider(api="apigatewayv2", name="sandbox")
def apigatewayv2() -> Service:
    """HTTP and WebSocket APIs, which LocalStack's core does not have."""
    from sandbox.emulator.apigatewayv2.provider import SandboxApigatewayV2Provider, dispatcher

    return Service.for_provider(SandboxApigatewayV2Provider(), dispatch_table_factory=dispatcher)


@aws_provider(api="lambda", name="sandbox")
def lambda_() -> Service:
    """Lambda whose functions are local processes."""
    from sandbox.emulator.lambda_.provider import SandboxLambdaProvider

    return Service.for_provider(SandboxLambdaProvider())


@aws_provider(api="cognito-idp", name="sandbox")
def cognito_idp() -> Service:
    """Cognito user pools, which LocalStack's core does not have."""
    from sandbox.emulator.cognito.provider import SandboxCognitoIdpProvider

    return Service.for_provider(SandboxCognitoIdpProvider())


@aws_provider(api="cognito-identity", name="sandbox")
def cognito_identity() -> Service:
    """Cognito identity pools."""
    from sandbox.emulator.cognito.identity.provider import SandboxCognitoIdentityProvider

    return Service.for_provider(SandboxCognitoIdentityProvider())


@aws_provider(api="cloudformation", name="sandbox")
def cloudformation() -> Service:
    """CloudFormation that goes back when a resource fails, with more types."""
    from sandbox.emulator.cloudformation.provider import SandboxCloudFormationProvider

    return Service.for_provider(SandboxCloudFormationProvider())


@aws_provider(api="kinesis", name="sandbox")
def kinesis() -> Service:
    """Kinesis with the engine of set-up and streams kept in the world."""
    from localstack.services.kinesis.provider import KinesisProvider

    from sandbox.emulator.kinesis import patches

    patches.apply()
    return Service.for_provider(KinesisProvider(), dispatch_table_factory=patches.dispatcher)
