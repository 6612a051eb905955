"""A custom resource of CloudFormation whose function is Node.js with `cfn-response`, as in AWS's examples."""

from __future__ import annotations

import json

import pytest

from tests.emulator.lambda_.conftest import BASIC, TRUST, until

SOURCE = """
const response = require('cfn-response');
exports.handler = (event, context) => {
  const given = event.ResourceProperties;
  console.log('told', event.RequestType);
  if (given.Fail === event.RequestType) {
    return response.send(event, context, response.FAILED, {}, 'custom-id');
  }
  response.send(event, context, response.SUCCESS, { Doubled: given.Word + given.Word }, 'custom-id');
};
"""


def template(fail: str) -> str:
    return json.dumps(
        {
            "Resources": {
                "Role": {
                    "Type": "AWS::IAM::Role",
                    "Properties": {
                        "AssumeRolePolicyDocument": TRUST,
                        "ManagedPolicyArns": [BASIC],
                    },
                },
                "Function": {
                    "Type": "AWS::Lambda::Function",
                    "Properties": {
                        "Runtime": "nodejs20.x",
                        "Handler": "index.handler",
                        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                        "Code": {"ZipFile": SOURCE},
                    },
                },
                "Custom": {
                    "Type": "Custom::Doubler",
                    "Properties": {
                        "ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]},
                        "Word": "ab",
                        "Fail": fail,
                    },
                },
            },
            "Outputs": {
                "Doubled": {"Value": {"Fn::GetAtt": ["Custom", "Doubled"]}},
                "Name": {"Value": {"Ref": "Custom"}},
            },
        }
    )


@pytest.mark.parametrize("fail", ["never", "Create"])
def test_cfn_response_in_node(functions, fail):
    client = functions.emulator.client("cloudformation")
    name = f"doubler-{fail.lower()}"
    client.create_stack(
        StackName=name, TemplateBody=template(fail), Capabilities=["CAPABILITY_IAM"]
    )

    def finished():
        stack = client.describe_stacks(StackName=name)["Stacks"][0]
        return stack["StackStatus"].endswith("_COMPLETE") and stack

    stack = until(finished, 30)
    if fail == "never":
        assert stack["StackStatus"] == "CREATE_COMPLETE"
        found = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        assert found == {"Doubled": "abab", "Name": "custom-id"}
    else:
        assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    client.delete_stack(StackName=name)
    client.get_waiter("stack_delete_complete").wait(
        StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
