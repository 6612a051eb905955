"""Types of serverless templates: made, used, changed in place, taken back, removed without a trace."""

from __future__ import annotations

import json
import os
import signal
import time
from urllib.parse import urlsplit

import boto3
import pytest

from sandbox.stack import instance
from tests.emulator.cloudformation.stacks import delete, ended, outputs, reasons

BAD = "  Bad: {Type: AWS::GameLift::Fleet, DependsOn: [%s], Properties: {}}\nOutputs:"
ROLE = """
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]}
      ManagedPolicyArns: [arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole, arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole]
"""
# @V@ is what the update changes.
FUNCTION = (
    "Resources:"
    + ROLE
    + """
  F:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.11
      Handler: index.handler
      Role: !GetAtt Role.Arn
      MemorySize: 20@V@
      Environment: {Variables: {WORD: w@V@}}
      Code: {ZipFile: "import os\\ndef handler(event, context): return [@V@, os.environ['WORD']]"}
  Version@V@: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref F}}
  Live: {Type: AWS::Lambda::Alias, Properties: {FunctionName: !Ref F, FunctionVersion: !GetAtt Version@V@.Version, Name: live}}
  Url: {Type: AWS::Lambda::Url, Properties: {TargetFunctionArn: !Ref F, AuthType: NONE}}
  UrlOpen: {Type: AWS::Lambda::Permission, Properties: {FunctionName: !Ref F, Action: 'lambda:InvokeFunctionUrl', Principal: '*', FunctionUrlAuthType: NONE}}
  Q: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: @V@, RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}}}
  Dead: {Type: AWS::SQS::Queue}
  Mapping: {Type: AWS::Lambda::EventSourceMapping, Properties: {EventSourceArn: !GetAtt Q.Arn, FunctionName: !Ref Live, BatchSize: @V@}}
  Async: {Type: AWS::Lambda::EventInvokeConfig, Properties: {FunctionName: !Ref F, Qualifier: $LATEST, MaximumRetryAttempts: 0}}
  T: {Type: AWS::SNS::Topic, Properties: {DisplayName: t@V@}}
  Sub: {Type: AWS::SNS::Subscription, Properties: {TopicArn: !Ref T, Protocol: sqs, Endpoint: !GetAtt Dead.Arn, RawMessageDelivery: true}}
  Rule: {Type: AWS::Events::Rule, Properties: {ScheduleExpression: rate(@V@ hours), Targets: [{Arn: !GetAtt F.Arn, Id: f}]}}
  Log: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: !Sub '/aws/lambda/${F}', RetentionInDays: @V@}}
  P: {Type: AWS::SSM::Parameter, Properties: {Name: /serverless/p, Type: String, Value: p@V@}}
  Secret: {Type: AWS::SecretsManager::Secret, Properties: {GenerateSecretString: {SecretStringTemplate: '{"username":"ada"}', GenerateStringKey: password, PasswordLength: 20}}}
Outputs:
  F: {Value: !Ref F}
  Live: {Value: !Ref Live}
  Url: {Value: !GetAtt Url.FunctionUrl}
  Q: {Value: !Ref Q}
  T: {Value: !Ref T}
  Rule: {Value: !Ref Rule}
  User: {Value: !Sub '{{resolve:secretsmanager:${Secret}:SecretString:username}}'}
"""
)
REST = (
    "Resources:"
    + ROLE
    + """
  Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: rest@V@, EndpointConfiguration: {Types: [REGIONAL]}}}
  Validator: {Type: AWS::ApiGateway::RequestValidator, Properties: {RestApiId: !Ref Api, ValidateRequestBody: true, ValidateRequestParameters: true}}
  Song: {Type: AWS::ApiGateway::Model, Properties: {RestApiId: !Ref Api, Name: Song, ContentType: application/json, Schema: {type: object, required: [title@V@]}}}
  Songs: {Type: AWS::ApiGateway::Resource, Properties: {RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId, PathPart: songs}}
  Pool: {Type: AWS::Cognito::UserPool, Properties: {UserPoolName: rest}}
  Authorizer: {Type: AWS::ApiGateway::Authorizer, Properties: {RestApiId: !Ref Api, Name: a, Type: COGNITO_USER_POOLS, IdentitySource: method.request.header.Authorization, ProviderARNs: [!GetAtt Pool.Arn]}}
  Get: {Type: AWS::ApiGateway::Method, Properties: {RestApiId: !Ref Api, ResourceId: !Ref Songs, HttpMethod: GET, ApiKeyRequired: true, RequestParameters: {method.request.querystring.q: true}, RequestValidatorId: !Ref Validator, Integration: {Type: MOCK, RequestTemplates: {application/json: '{"statusCode": 200}'}, IntegrationResponses: [{StatusCode: 200, ResponseTemplates: {application/json: 'songs@V@'}}]}, MethodResponses: [{StatusCode: 200}]}}
  Post: {Type: AWS::ApiGateway::Method, Properties: {RestApiId: !Ref Api, ResourceId: !Ref Songs, HttpMethod: POST, AuthorizationType: NONE, RequestModels: {application/json: !Ref Song}, RequestValidatorId: !Ref Validator, Integration: {Type: MOCK, RequestTemplates: {application/json: '{"statusCode": 201}'}, IntegrationResponses: [{StatusCode: 201, ResponseParameters: {method.response.header.Location: "'/songs/@V@'"}}]}, MethodResponses: [{StatusCode: 201, ResponseParameters: {method.response.header.Location: true}}]}}
  Delete: {Type: AWS::ApiGateway::Method, Properties: {RestApiId: !Ref Api, ResourceId: !Ref Songs, HttpMethod: DELETE, AuthorizationType: COGNITO_USER_POOLS, AuthorizerId: !Ref Authorizer, Integration: {Type: MOCK}}}
  Refusal: {Type: AWS::ApiGateway::GatewayResponse, Properties: {RestApiId: !Ref Api, ResponseType: UNAUTHORIZED, ResponseParameters: {gatewayresponse.header.Access-Control-Allow-Origin: "'*'"}, ResponseTemplates: {application/json: 'no@V@'}}}
  Deployed@V@: {Type: AWS::ApiGateway::Deployment, DependsOn: [Get, Post, Delete, Refusal], Properties: {RestApiId: !Ref Api, StageName: prod, StageDescription: {Variables: {color: c@V@}}}}
  Key: {Type: AWS::ApiGateway::ApiKey, Properties: {Enabled: true, Value: abcdefghijklmnopqrstuvwxyz}}
  Plan: {Type: AWS::ApiGateway::UsagePlan, DependsOn: Deployed@V@, Properties: {ApiStages: [{ApiId: !Ref Api, Stage: prod}], Quota: {Limit: 100@V@, Period: DAY}, Throttle: {RateLimit: 100, BurstLimit: 20}}}
  PlanKey: {Type: AWS::ApiGateway::UsagePlanKey, Properties: {KeyId: !Ref Key, KeyType: API_KEY, UsagePlanId: !Ref Plan}}
  Imported: {Type: AWS::ApiGateway::RestApi, Properties: {Body: {openapi: 3.0.1, info: {title: imported, version: "1"}, paths: {/i: {get: {x-amazon-apigateway-integration: {type: mock, requestTemplates: {application/json: '{"statusCode":200}'}, responses: {default: {statusCode: "200", responseTemplates: {application/json: 'imported@V@'}}}}, responses: {"200": {description: ok}}}}}}}}
  ImportedDeployed@V@: {Type: AWS::ApiGateway::Deployment, Properties: {RestApiId: !Ref Imported, StageName: s}}
Outputs:
  Url: {Value: !Sub 'https://${Api}.execute-api.${AWS::Region}.amazonaws.com/prod/songs'}
  Imported: {Value: !Sub 'https://${Imported}.execute-api.${AWS::Region}.amazonaws.com/s/i'}
"""
)
IDENTITIES = """
Resources:
  Group: {Type: AWS::IAM::Group, Properties: {GroupName: cfn-group}}
  User: {Type: AWS::IAM::User, Properties: {UserName: cfn-user, Groups: [!Ref Group], LoginProfile: {Password: 'Secret-123-x'}, Tags: [{Key: v, Value: '@V@'}]}}
  Key: {Type: AWS::IAM::AccessKey, Properties: {UserName: !Ref User}}
  Managed: {Type: AWS::IAM::ManagedPolicy, Properties: {ManagedPolicyName: cfn-policy, Groups: [!Ref Group], PolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Action: '@V@:*', Resource: '*'}]}}}
  Role: {Type: AWS::IAM::Role, Properties: {RoleName: cfn-role, Description: '@V@', AssumeRolePolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Principal: {Service: ec2.amazonaws.com}, Action: 'sts:AssumeRole'}]}, ManagedPolicyArns: [!Ref Managed]}}
  Profile: {Type: AWS::IAM::InstanceProfile, Properties: {Roles: [!Ref Role]}}
  Inline: {Type: AWS::IAM::Policy, Properties: {PolicyName: inline, Roles: [!Ref Role], Users: [!Ref User], PolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Action: '@V@:*', Resource: '*'}]}}}
Outputs:
  Key: {Value: !Ref Key}
  Secret: {Value: !GetAtt Key.SecretAccessKey}
"""


class Stacks:
    """Makes and changes one stack from texts."""

    def __init__(self, emulator, name: str) -> None:
        self.emulator, self.name = emulator, name
        self.client = emulator.client("cloudformation")

    def go(self, body: str, expect: str) -> dict[str, str]:
        update = any(
            one["StackName"] == self.name for one in self.client.describe_stacks()["Stacks"]
        )
        call = self.client.update_stack if update else self.client.create_stack
        call(StackName=self.name, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"])
        stack = ended(self.client, self.name)
        assert stack["StackStatus"] == expect, reasons(self.client, self.name)
        return outputs(stack)

    def life(self, body: str, depends: str, look, left, versions=("1", "2")) -> None:
        """Made, changed, a failed change taken back, removed; then a failed creation: `left` is empty."""
        first, second = versions
        before = left()
        look(self.go(body.replace("@V@", first), "CREATE_COMPLETE"), first)
        look(self.go(body.replace("@V@", second), "UPDATE_COMPLETE"), second)
        failing = body.replace("Outputs:", BAD % depends).replace("@V@", first)
        look(self.go(failing, "UPDATE_ROLLBACK_COMPLETE"), second)
        delete(self.client, self.name)
        assert left() == before
        self.go(failing, "ROLLBACK_COMPLETE")
        delete(self.client, self.name)
        assert left() == before


def get(emulator, url: str, method: str = "GET", headers: dict | None = None, **more):
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    headers = {**(headers or {}), "Host": parts.netloc}
    return emulator.anonymous.request(method, path, headers=headers, **more)


def test_functions_queues_topics_and_rules(emulator):
    functions, sqs, sns = (emulator.client(name) for name in ("lambda", "sqs", "sns"))
    events, ssm, logs = (emulator.client(name) for name in ("events", "ssm", "logs"))

    def look(found: dict[str, str], v: str) -> None:
        wanted = [int(v), f"w{v}"]
        for name in ("F", "Live"):
            answer = functions.invoke(FunctionName=found[name])["Payload"].read()
            assert json.loads(answer) == wanted
        assert get(emulator, found["Url"]).json() == wanted
        config = functions.get_function_configuration(FunctionName=found["F"])
        assert config["MemorySize"] == 200 + int(v)
        attributes = sqs.get_queue_attributes(QueueUrl=found["Q"], AttributeNames=["All"])
        assert attributes["Attributes"]["DelaySeconds"] == v
        assert sns.get_topic_attributes(TopicArn=found["T"])["Attributes"]["DisplayName"] == f"t{v}"
        mappings = functions.list_event_source_mappings(FunctionName=found["Live"])
        (mapping,) = mappings["EventSourceMappings"]
        assert mapping["BatchSize"] == int(v)
        rule = events.describe_rule(Name=found["Rule"])
        assert rule["ScheduleExpression"] == f"rate({v} hours)"
        assert ssm.get_parameter(Name="/serverless/p")["Parameter"]["Value"] == f"p{v}"
        assert found["User"] == "ada"

    def left() -> list:
        return [
            [one["FunctionName"] for one in functions.list_functions()["Functions"]],
            functions.list_event_source_mappings()["EventSourceMappings"],
            sqs.list_queues().get("QueueUrls"),
            sns.list_topics()["Topics"],
            events.list_rules()["Rules"],
            logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/functions-life")["logGroups"],
            emulator.client("secretsmanager").list_secrets()["SecretList"],
            [one["RoleName"] for one in emulator.client("iam").list_roles()["Roles"]],
        ]

    depends = "Live, Mapping, Async, Log, P, Secret, Sub, Rule, UrlOpen"
    Stacks(emulator, "functions-life").life(FUNCTION, depends, look, left, ("3", "5"))


def test_rest_apis(emulator):
    gateway = emulator.client("apigateway")
    key = {"x-api-key": "abcdefghijklmnopqrstuvwxyz"}

    def look(found: dict[str, str], v: str) -> None:
        url = found["Url"]
        assert get(emulator, url + "?q=1", headers=key).text == f"songs{v}"
        assert get(emulator, url, headers=key).status_code == 400
        assert get(emulator, url + "?q=1").status_code == 403
        made = get(emulator, url, "POST", json={f"title{v}": "x"})
        assert (made.status_code, made.headers["Location"]) == (201, f"/songs/{v}")
        assert get(emulator, url, "POST", json={}).status_code == 400
        refused = get(emulator, url, "DELETE")
        assert (refused.status_code, refused.text) == (401, f"no{v}")
        assert refused.headers["Access-Control-Allow-Origin"] == "*"
        assert get(emulator, found["Imported"]).text == f"imported{v}"
        api = urlsplit(url).netloc.partition(".")[0]
        plans = gateway.get_usage_plans()["items"]
        (plan,) = (p for p in plans if any(s["apiId"] == api for s in p.get("apiStages", ())))
        assert plan["quota"]["limit"] == int(f"100{v}")

    def left() -> list:
        names = ("get_rest_apis", "get_api_keys", "get_usage_plans")
        return [getattr(gateway, name)()["items"] for name in names]

    depends = "PlanKey, Deployed@V@, Validator, ImportedDeployed@V@"
    Stacks(emulator, "rest-life").life(REST, depends, look, left)


def test_identities(emulator):
    iam = emulator.client("iam")

    def look(found: dict[str, str], v: str) -> None:
        mine = {"access_key": found["Key"], "secret_key": found["Secret"]}
        calls = {
            "s3": lambda: emulator.client("s3", **mine).list_buckets(),
            "sqs": lambda: emulator.client("sqs", **mine).list_queues(),
        }
        calls.pop(v)()
        with pytest.raises(Exception, match="not authorized"):
            next(iter(calls.values()))()
        assert iam.get_role(RoleName="cfn-role")["Role"]["Description"] == v
        assert iam.get_login_profile(UserName="cfn-user")

    def left() -> list:
        return [
            [one["UserName"] for one in iam.list_users()["Users"]],
            [one["RoleName"] for one in iam.list_roles()["Roles"]],
            [one["GroupName"] for one in iam.list_groups()["Groups"]],
            iam.list_policies(Scope="Local")["Policies"],
            iam.list_instance_profiles()["InstanceProfiles"],
        ]

    depends = "Inline, Profile, Key"
    Stacks(emulator, "identities").life(IDENTITIES, depends, look, left, ("s3", "sqs"))


def test_a_table_changes_in_place(emulator):
    dynamodb = emulator.client("dynamodb")
    stacks = Stacks(emulator, "table-life")

    def body(*lines: str) -> str:
        head = (
            "Resources:\n  T:\n    Type: AWS::DynamoDB::Table\n    Properties:\n"
            "      TableName: table-life\n      KeySchema: [{AttributeName: p, KeyType: HASH}]\n"
        )
        return head + "".join(f"      {line}\n" for line in lines)

    one = "AttributeDefinitions: [{AttributeName: p, AttributeType: S}]"
    two = one[:-1] + ", {AttributeName: g, AttributeType: S}]"
    on_demand = "BillingMode: PAY_PER_REQUEST"

    def index(name: str) -> str:
        return (
            f"GlobalSecondaryIndexes: [{{IndexName: {name}, Projection: {{ProjectionType: ALL}}, "
            "KeySchema: [{AttributeName: g, KeyType: HASH}]}]"
        )

    extras = (
        "StreamSpecification: {StreamViewType: NEW_IMAGE}",
        "TimeToLiveSpecification: {AttributeName: ttl, Enabled: true}",
        "PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}",
        "Tags: [{Key: a, Value: b}]",
    )

    def state() -> tuple:
        table = dynamodb.describe_table(TableName="table-life")["Table"]
        ttl = dynamodb.describe_time_to_live(TableName="table-life")["TimeToLiveDescription"]
        return (
            table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"),
            [one["IndexName"] for one in table.get("GlobalSecondaryIndexes", ())],
            (table.get("StreamSpecification") or {}).get("StreamViewType"),
            ttl["TimeToLiveStatus"],
            dynamodb.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"],
        )

    throughput = "ProvisionedThroughput: {ReadCapacityUnits: 5, WriteCapacityUnits: 5}"
    stacks.go(body(one, throughput), "CREATE_COMPLETE")
    dynamodb.put_item(TableName="table-life", Item={"p": {"S": "kept"}})
    stacks.go(body(two, on_demand, index("by-g"), *extras), "UPDATE_COMPLETE")
    full = state()
    assert full == (
        "PAY_PER_REQUEST",
        ["by-g"],
        "NEW_IMAGE",
        "ENABLED",
        [{"Key": "a", "Value": "b"}],
    )
    stacks.go(body(two, throughput, index("by-other")), "UPDATE_ROLLBACK_COMPLETE")
    assert any(
        "Cannot perform more than one GSI creation or deletion in a single update" in line
        for line in reasons(stacks.client, "table-life")
    )
    # What the failed update had done already is taken back.
    assert state() == full
    stacks.go(body(one, on_demand), "UPDATE_COMPLETE")
    assert state() == ("PAY_PER_REQUEST", [], None, "DISABLED", [])
    assert dynamodb.scan(TableName="table-life")["Count"] == 1
    delete(stacks.client, "table-life")
    assert "table-life" not in dynamodb.list_tables()["TableNames"]


WAITING = """
Resources:
  Q: {Type: AWS::SQS::Queue, Properties: {QueueName: before-stop}}
  Wait: {Type: 'Custom::Wait', DependsOn: Q, Properties: {ServiceToken: !Ref T}}
  T: {Type: AWS::SNS::Topic, Properties: {TopicName: nobody-listens}}
"""


def test_an_interrupted_creation_can_be_deleted(tmp_path):
    """Killed while a resource is waited for: the stack failed, and knows what it had made."""

    def client(service):
        return boto3.client(
            service,
            endpoint_url=started.endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    started = instance.start("interrupted", port=instance.free_port(), home=tmp_path)
    try:
        client("cloudformation").create_stack(StackName="cut", TemplateBody=WAITING)
        # The promise: what happened this long ago is on disk.
        time.sleep(5)
        assert client("sqs").list_queues()["QueueUrls"]
        os.kill(started.pid, signal.SIGKILL)
        started.stop()
        started = instance.start("interrupted", port=instance.free_port(), home=tmp_path)
        cloudformation = client("cloudformation")
        stack = cloudformation.describe_stacks(StackName="cut")["Stacks"][0]
        assert stack["StackStatus"] == "CREATE_FAILED"
        assert "stopped before the operation ended" in stack["StackStatusReason"]
        delete(cloudformation, "cut")
        assert "QueueUrls" not in client("sqs").list_queues()
        assert not client("sns").list_topics()["Topics"]
    finally:
        started.stop()
