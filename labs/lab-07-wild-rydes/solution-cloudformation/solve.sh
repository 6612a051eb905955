#!/usr/bin/env bash
# Lab 7 as one CloudFormation stack.
set -euo pipefail

code_bucket="$LAB_BUCKET-code"
aws s3api create-bucket --bucket "$code_bucket"
(cd backend && python -m zipfile -c ../function.zip index.mjs)
aws s3 cp function.zip "s3://$code_bucket/function.zip" --no-progress

python - > parameters.json <<'PY'
import json, os
values = {
    "BucketName": os.environ["LAB_BUCKET"],
    "PoolName": os.environ["LAB_POOL"],
    "Fleet": os.environ["LAB_FLEET"],
    "CodeBucket": os.environ["LAB_BUCKET"] + "-code",
    "CodeKey": "function.zip",
}
print(json.dumps([{"ParameterKey": k, "ParameterValue": v} for k, v in values.items()]))
PY
aws cloudformation create-stack --stack-name wild-rydes --template-body file://template.yaml \
  --parameters file://parameters.json --capabilities CAPABILITY_NAMED_IAM
aws cloudformation wait stack-create-complete --stack-name wild-rydes

output() {
  aws cloudformation describe-stacks --stack-name wild-rydes --output text \
    --query "Stacks[0].Outputs[?OutputKey=='$1'].OutputValue"
}
cat > site/js/config.js <<JS
window._config = {
  cognito: { userPoolId: "$(output PoolId)", userPoolClientId: "$(output ClientId)", region: "us-east-1" },
  api: { invokeUrl: "$(output InvokeUrl)" },
};
JS
aws s3 sync site "s3://$LAB_BUCKET" --no-progress
aws lambda invoke --function-name RequestUnicorn --cli-binary-format raw-in-base64-out \
  --payload file://backend/test-event.json answer.json --query StatusCode
