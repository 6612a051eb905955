#!/usr/bin/env bash
# Lab 6 as a SAM template.
set -euo pipefail

code_bucket="$LAB_API-code"
aws s3api create-bucket --bucket "$code_bucket"
(cd backend && python -m zipfile -c ../backend.zip app.py authorizer.py)
aws s3 cp backend.zip "s3://$code_bucket/backend.zip" --no-progress
aws cloudformation deploy --stack-name catalogue --template-file template.yaml \
  --capabilities CAPABILITY_IAM CAPABILITY_AUTO_EXPAND --parameter-overrides \
  "Table=$LAB_TABLE" "ApiName=$LAB_API" "Token=$LAB_TOKEN" "Rate=$LAB_RATE" "CodeBucket=$code_bucket"
url=$(aws cloudformation describe-stacks --stack-name catalogue --output text \
  --query "Stacks[0].Outputs[?OutputKey=='Url'].OutputValue")
echo "url = \"$url\"" > answers.toml
