"""Templates: how they are read, what their functions give, and AWS's words for what is wrong with them."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from tests.emulator.cloudformation.stacks import delete, ended, outputs, reasons

CAPABILITIES = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
QUEUE = "Resources:\n  Q: {Type: AWS::SQS::Queue}\n"


@pytest.fixture
def cloudformation(emulator):
    return emulator.client("cloudformation")


def make(cloudformation, name: str, body: str, parameters: dict | None = None, **more) -> dict:
    """Create a stack from a text and wait."""
    made = cloudformation.create_stack(
        StackName=name,
        TemplateBody=body,
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value}
            for key, value in (parameters or {}).items()
        ],
        Capabilities=CAPABILITIES,
        **more,
    )
    return ended(cloudformation, made["StackId"])


FUNCTIONS = """
AWSTemplateFormatVersion: 2010-09-09
Description: Everything that a template can compute
Parameters:
  Names: {Type: CommaDelimitedList, Default: 'a, b,c'}
  Numbers: {Type: List<Number>, Default: '1,2,3'}
  N: {Type: Number, Default: 5}
  Empty: {Type: String, Default: ''}
  Secret: {Type: String, NoEcho: true, Default: hidden}
Mappings:
  Images: {us-east-1: {Id: ami-1, Zones: [x, y]}}
Conditions:
  Five: !Equals [!Ref N, 5]
  NotFive: !Not [!Condition Five]
  Both: !And [!Condition Five, !Equals [!Ref 'AWS::Region', us-east-1]]
  Either: !Or [!Condition NotFive, !Equals [!Ref Empty, '']]
Resources:
  Q:
    Type: AWS::SQS::Queue
    Metadata: {Owner: !Ref N}
    Properties:
      DelaySeconds: !Ref N
      FifoQueue: !If [NotFive, true, !Ref 'AWS::NoValue']
      Tags:
        - !If [NotFive, {Key: gone, Value: gone}, !Ref AWS::NoValue]
        - {Key: names, Value: !Join ['+', !Ref Names]}
  Never: {Type: AWS::SQS::Queue, Condition: NotFive}
Outputs:
  Join: {Value: !Join ['-', [a, !Ref N, !GetAtt Q.QueueName]]}
  Sub: {Value: !Sub '${AWS::StackName}-${!Literal}-${Q.QueueName}-${N}'}
  SubMap: {Value: !Sub ['${A}${B}', {A: !Ref N, B: !Select [0, !Ref Names]}]}
  Text: {Value: !Sub '007'}
  Select: {Value: !Select ['2', !Ref Numbers]}
  Split: {Value: !Select [5, !Split [':', !GetAtt Q.Arn]]}
  Zones: {Value: !Select [1, !GetAZs '']}
  Base64: {Value: {'Fn::Base64': !Sub 'hi ${AWS::Region}'}}
  Cidr: {Value: !Select [1, !Cidr ['10.0.0.0/16', 4, 8]]}
  Map: {Value: !FindInMap [Images, !Ref 'AWS::Region', Id]}
  MapList: {Value: !Select [1, !FindInMap [Images, us-east-1, Zones]]}
  If: {Value: !If [Both, yes it is, no]}
  Either: {Value: !If [Either, one, none]}
  Gone: {Value: !GetAtt Never.Arn, Condition: NotFive}
  Empty: {Value: !Ref Empty}
  Bool: {Value: true, Description: A boolean}
"""


def test_functions_give_what_aws_says(cloudformation):
    stack = make(cloudformation, "functions", FUNCTIONS)
    assert stack["StackStatus"] == "CREATE_COMPLETE", reasons(cloudformation, "functions")
    found = outputs(stack)
    name = found["Split"]
    assert found == {
        "Join": f"a-5-{name}",
        "Sub": f"functions-${{Literal}}-{name}-5",
        "SubMap": "5a",
        "Text": "007",
        "Select": "3",
        "Split": name,
        "Zones": "us-east-1b",
        "Base64": "aGkgdXMtZWFzdC0x",
        "Cidr": "10.0.1.0/24",
        "Map": "ami-1",
        "MapList": "y",
        "If": "yes it is",
        "Either": "one",
        "Empty": "",
        "Bool": "true",
    }
    shown = {one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]}
    assert shown["Secret"] == "****"
    assert stack["Description"] == "Everything that a template can compute"
    detail = cloudformation.describe_stack_resource(StackName="functions", LogicalResourceId="Q")[
        "StackResourceDetail"
    ]
    assert json.loads(detail["Metadata"]) == {"Owner": "5"}
    delete(cloudformation, "functions")


def test_language_extensions(cloudformation):
    stack = make(
        cloudformation,
        "extensions",
        """
Transform: AWS::LanguageExtensions
Parameters:
  Names: {Type: CommaDelimitedList, Default: 'Alpha,Beta'}
Mappings:
  Sizes: {a: {b: c}}
Resources:
  Fn::ForEach::Queues:
    - Name
    - !Ref Names
    - Queue${Name}:
        Type: AWS::SQS::Queue
        Properties: {QueueName: !Sub 'each-${Name}'}
Outputs:
  Length: {Value: !Length [1, 2, 3]}
  Json: {Value: {'Fn::ToJsonString': {a: 1, b: !Ref AWS::Region}}}
  Default: {Value: !FindInMap [Sizes, zz, b, {DefaultValue: none}]}
  Arn: {Value: !GetAtt QueueBeta.Arn}
""",
    )
    assert outputs(stack) == {
        "Length": "3",
        "Json": '{"a":1,"b":"us-east-1"}',
        "Default": "none",
        "Arn": "arn:aws:sqs:us-east-1:000000000000:each-Beta",
    }
    processed = cloudformation.get_template(StackName="extensions", TemplateStage="Processed")
    assert set(processed["TemplateBody"]["Resources"]) == {"QueueAlpha", "QueueBeta"}
    assert "ForEach" in cloudformation.get_template(StackName="extensions")["TemplateBody"]
    delete(cloudformation, "extensions")


UNRESOLVED = (
    "Template format error: Unresolved resource dependencies [Nope] in the {} block of the template"
)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("Resources:\n  Q: {Type: AWS::SQS::Queue, Properties: {QueueName: !Ref Nope}}", UNRESOLVED.format("Resources")),
        ("Resources:\n  Q: {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub '${Nope}'}}", UNRESOLVED.format("Resources")),
        ("Resources:\n  Q: {Type: AWS::SQS::Queue, DependsOn: Nope}", UNRESOLVED.format("Resources")),
        (QUEUE + "Outputs:\n  A: {Value: !Ref Nope}", UNRESOLVED.format("Outputs")),
        (
            "Resources:\n  Q: {Type: AWS::SQS::Queue, Properties: {QueueName: !GetAtt Nope.Arn}}",
            "Template error: instance of Fn::GetAtt references undefined resource Nope",
        ),
        (
            "Resources:\n  A: {Type: AWS::SQS::Queue, Properties: {QueueName: !Ref B}}\n"
            "  B: {Type: AWS::SQS::Queue, DependsOn: A}\n  C: {Type: AWS::SQS::Queue, DependsOn: B}",
            "Circular dependency between resources: [A, B]",
        ),
        ("Description: nothing", "Template format error: At least one Resources member must be defined."),
        ("just text", "Template format error: unsupported structure."),
        ("Resources: [", "Template format error: YAML not well-formed. (line 2, column 1)"),
        ('{"Resources": {"A": {"Type": "AWS::SQS::Queue",}}}', "Template format error: JSON not well-formed. (line 1, column 48)"),
        (
            "Resources:\n  A: {Properties: {}}",
            "Template format error: [/Resources/A] Every Resources object must contain a Type member.",
        ),
        ("Resources:\n  A: {Type: AWS::SQS::Queue, Foo: 1}", "Invalid template resource property 'Foo'"),
        ("Foo: 1\n" + QUEUE, "Invalid template property or properties [Foo]"),
        ("Resources:\n  A_b: {Type: AWS::SQS::Queue}", "Template format error: Resource name A_b is non alphanumeric."),
        (
            "Resources:\n  A: {Type: AWS::SQS::Queue, Properties: {QueueName: null}}",
            "[/Resources/A/Properties/QueueName] 'null' values are not allowed in templates",
        ),
        (
            "Resources:\n  A: {Type: AWS::SQS::Queue, Properties: {QueueName: !FindInMap [Nope, a, b]}}",
            "Template error: Mapping named 'Nope' is not present in the 'Mappings' section of template.",
        ),
        ("Parameters:\n  A: {Type: Foo}\n" + QUEUE, "Template format error: Unrecognized parameter type: Foo"),
    ],
)  # fmt: skip
def test_a_wrong_template_is_refused_with_aws_words(cloudformation, body, message):
    for call in (
        lambda: cloudformation.create_stack(StackName="wrong", TemplateBody=body),
        lambda: cloudformation.validate_template(TemplateBody=body),
    ):
        with pytest.raises(ClientError) as refused:
            call()
        assert refused.value.response["Error"] == {
            "Type": "Sender",
            "Code": "ValidationError",
            "Message": message,
        }


LIMITED = """
Parameters:
  A: {Type: String, AllowedValues: [x, y], ConstraintDescription: must be x or y}
  B: {Type: String, AllowedPattern: '[a-z]+', MinLength: 2, MaxLength: 4, Default: abc}
  N: {Type: Number, MinValue: 1, MaxValue: 10, Default: 2}
  L: {Type: CommaDelimitedList, AllowedValues: [p, q], Default: 'p,q'}
"""


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "Parameters: [A] must have values"),
        ({"A": "z"}, "Parameter A failed to satisfy constraint: must be x or y"),
        ({"A": "x", "B": "a"}, "Parameter 'B' must contain at least 2 characters"),
        ({"A": "x", "B": "abcde"}, "Parameter 'B' must contain at most 4 characters"),
        ({"A": "x", "B": "ABC"}, "Parameter 'B' must match pattern [a-z]+"),
        ({"A": "x", "N": "0"}, "Parameter 'N' must be a number not less than 1"),
        ({"A": "x", "N": "11"}, "Parameter 'N' must be a number not greater than 10"),
        ({"A": "x", "N": "many"}, "Parameter 'N' must be a number"),
        ({"A": "x", "L": "p,r"}, "Parameter 'L' must be one of AllowedValues"),
        ({"A": "x", "Z": "1"}, "Parameters: [Z] do not exist in the template"),
    ],
)
def test_a_wrong_parameter_is_refused_with_aws_words(cloudformation, given, message):
    with pytest.raises(ClientError) as refused:
        make(cloudformation, "limited", LIMITED + QUEUE, given)
    assert refused.value.response["Error"]["Message"] == message


def test_parameters_from_the_store(cloudformation, emulator):
    ssm = emulator.client("ssm")
    ssm.put_parameter(Name="/course/one", Value="first", Type="String")
    ssm.put_parameter(Name="/course/many", Value="a,b", Type="StringList")
    body = (
        "Parameters:\n"
        "  One: {Type: AWS::SSM::Parameter::Value<String>, Default: /course/one}\n"
        "  Many: {Type: 'AWS::SSM::Parameter::Value<List<String>>', Default: /course/many}\n"
        + QUEUE
        + "Outputs:\n  One: {Value: !Ref One}\n  Many: {Value: !Join ['+', !Ref Many]}\n"
        "  Dynamic: {Value: 'is {{resolve:ssm:/course/one}}'}\n"
    )
    stack = make(cloudformation, "stored", body)
    assert outputs(stack) == {"One": "first", "Many": "a+b", "Dynamic": "is first"}
    shown = {one["ParameterKey"]: one for one in stack["Parameters"]}
    assert shown["One"]["ResolvedValue"] == "first"
    delete(cloudformation, "stored")
    with pytest.raises(ClientError) as refused:
        make(cloudformation, "stored", body, {"One": "/course/none"})
    assert refused.value.response["Error"]["Message"] == (
        "Unable to fetch parameters [/course/none] from parameter store for this account."
    )


@pytest.mark.parametrize(
    ("name", "fits"), [("good-1", True), ("1bad", False), ("bad_one", False), ("b" * 129, False)]
)
def test_names_of_stacks(cloudformation, name, fits):
    if fits:
        make(cloudformation, name, QUEUE)
        delete(cloudformation, name)
        return
    with pytest.raises(ClientError) as refused:
        make(cloudformation, name, QUEUE)
    assert (
        "at 'stackName' failed to satisfy constraint" in refused.value.response["Error"]["Message"]
    )


def test_a_template_that_is_too_long(cloudformation):
    body = json.dumps({"Resources": {"A": {"Type": "AWS::SQS::Queue", "Metadata": "x" * 51200}}})
    with pytest.raises(ClientError) as refused:
        make(cloudformation, "long", body)
    assert refused.value.response["Error"]["Message"].endswith(
        "Member must have length less than or equal to 51200"
    )


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"Runtime": "python3.11"}, "#: required key [Code] not found"),
        ({"Code": {}, "Role": "r", "Rntime": "x"}, "#: extraneous key [Rntime] is not permitted"),
    ],
)
def test_properties_that_break_the_schema(cloudformation, properties, message):
    body = json.dumps(
        {"Resources": {"F": {"Type": "AWS::Lambda::Function", "Properties": properties}}}
    )
    stack = make(cloudformation, "schema", body)
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    lines = "\n".join(reasons(cloudformation, "schema"))
    assert f"Properties validation failed for resource F with message:\n{message}" in lines
    delete(cloudformation, "schema")


def test_what_is_not_supported_says_so(cloudformation):
    make(cloudformation, "plain", QUEUE)
    for call in (
        lambda: cloudformation.detect_stack_drift(StackName="plain"),
        lambda: cloudformation.estimate_template_cost(TemplateBody=QUEUE),
        lambda: cloudformation.set_stack_policy(StackName="plain", StackPolicyBody="{}"),
        lambda: cloudformation.create_change_set(
            StackName="plain",
            ChangeSetName="c",
            ChangeSetType="IMPORT",
            TemplateBody=QUEUE,
            ResourcesToImport=[
                {
                    "ResourceType": "AWS::SQS::Queue",
                    "LogicalResourceId": "Q",
                    "ResourceIdentifier": {"QueueUrl": "x"},
                }
            ],
        ),
    ):
        with pytest.raises(ClientError) as refused:
            call()
        error = refused.value.response["Error"]
        assert (error["Code"], "The sandbox" in error["Message"]) == ("ValidationError", True)
    delete(cloudformation, "plain")


def test_a_summary(cloudformation):
    body = (
        "Description: short\nParameters:\n  A: {Type: String, Default: x, Description: an a}\n"
        "Resources:\n  U: {Type: AWS::IAM::User, Properties: {UserName: u}}\n"
    )
    found = cloudformation.get_template_summary(TemplateBody=body)
    assert found["Capabilities"] == ["CAPABILITY_NAMED_IAM"]
    assert found["ResourceTypes"] == ["AWS::IAM::User"]
    assert found["Parameters"][0]["DefaultValue"] == "x"
    valid = cloudformation.validate_template(TemplateBody=body)
    assert valid["Description"] == "short"
    assert valid["Parameters"][0]["Description"] == "an a"
