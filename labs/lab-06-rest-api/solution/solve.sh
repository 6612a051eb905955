#!/usr/bin/env bash
# Lab 6 with the aws command. backend/app.py answers for all of it; the API in front of it grows.
set -euo pipefail

# step: read  Read one album, and a wrong address
table_arn=$(aws dynamodb describe-table --table-name "$LAB_TABLE" --query Table.TableArn --output text)
cat > trust.json <<'JSON'
{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
JSON
role_arn=$(aws iam create-role --role-name Catalogue --assume-role-policy-document file://trust.json \
  --query Role.Arn --output text)
aws iam attach-role-policy --role-name Catalogue \
  --policy-arn arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole
cat > policy.json <<JSON
{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
  "Action": ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:Scan", "dynamodb:Query"],
  "Resource": ["$table_arn", "$table_arn/index/*"]}]}
JSON
aws iam put-role-policy --role-name Catalogue --policy-name Table --policy-document file://policy.json

(cd backend && python -m zipfile -c ../backend.zip app.py authorizer.py)
function_arn=$(aws lambda create-function --function-name catalogue --runtime python3.13 \
  --handler app.handler --role "$role_arn" --zip-file fileb://backend.zip \
  --environment "Variables={TABLE=$LAB_TABLE}" --query FunctionArn --output text)
aws lambda wait function-active-v2 --function-name catalogue

# One greedy resource takes every path; the function looks at the path itself.
api_id=$(aws apigateway create-rest-api --name "$LAB_API" --query id --output text)
root_id=$(aws apigateway get-resources --rest-api-id "$api_id" --query 'items[0].id' --output text)
proxy_id=$(aws apigateway create-resource --rest-api-id "$api_id" --parent-id "$root_id" \
  --path-part '{proxy+}' --query id --output text)
invoke() { echo "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/$1/invocations"; }
aws lambda add-permission --function-name catalogue --statement-id api --action lambda:InvokeFunction \
  --principal apigateway.amazonaws.com --source-arn "arn:aws:execute-api:us-east-1:000000000000:$api_id/*"
aws apigateway put-method --rest-api-id "$api_id" --resource-id "$proxy_id" --http-method GET \
  --authorization-type NONE --query httpMethod
aws apigateway put-integration --rest-api-id "$api_id" --resource-id "$proxy_id" --http-method GET \
  --type AWS_PROXY --integration-http-method POST --uri "$(invoke "$function_arn")" --query type
aws apigateway create-deployment --rest-api-id "$api_id" --stage-name v1 --query id
url="http://$api_id.execute-api.us-east-1.localhost:${AWS_ENDPOINT_URL##*:}/v1"
echo "url = \"$url\"" > answers.toml
curl -sS "$url/albums/no-such-album"

# step: pages  Lists in pages, filtered
curl -sS "$url/albums?limit=2&genre=folk"

# step: write  Create, change, delete
# A method for all other verbs; the authorizer of the next step but one stands in front of it from the start.
authorizer_arn=$(aws lambda create-function --function-name catalogue-authorizer --runtime python3.13 \
  --handler authorizer.handler --role "$role_arn" --zip-file fileb://backend.zip \
  --environment "Variables={TOKEN=$LAB_TOKEN}" --query FunctionArn --output text)
aws lambda wait function-active-v2 --function-name catalogue-authorizer
authorizer_id=$(aws apigateway create-authorizer --rest-api-id "$api_id" --name token --type TOKEN \
  --identity-source method.request.header.Authorization --authorizer-uri "$(invoke "$authorizer_arn")" \
  --query id --output text)
aws lambda add-permission --function-name catalogue-authorizer --statement-id api \
  --action lambda:InvokeFunction --principal apigateway.amazonaws.com \
  --source-arn "arn:aws:execute-api:us-east-1:000000000000:$api_id/authorizers/$authorizer_id"
aws apigateway put-method --rest-api-id "$api_id" --resource-id "$proxy_id" --http-method ANY \
  --authorization-type CUSTOM --authorizer-id "$authorizer_id" --query httpMethod
aws apigateway put-integration --rest-api-id "$api_id" --resource-id "$proxy_id" --http-method ANY \
  --type AWS_PROXY --integration-http-method POST --uri "$(invoke "$function_arn")" --query type
aws apigateway create-deployment --rest-api-id "$api_id" --stage-name v1 --query id
curl -sS -X PATCH -H "Authorization: Bearer $LAB_TOKEN" "$url/albums"

# step: conditional  Nobody's change is lost
curl -sSi "$url/albums/$(curl -sS "$url/albums?limit=1" | python -c 'import json, sys
print(json.load(sys.stdin)["items"][0]["id"])')" | grep -i etag

# step: token  Only the shop may write
# Who is refused learns what was expected: the header that goes with 401.
aws apigateway put-gateway-response --rest-api-id "$api_id" --response-type UNAUTHORIZED --status-code 401 \
  --response-parameters "{\"gatewayresponse.header.WWW-Authenticate\": \"'Bearer'\"}" --query statusCode

# step: rate  Not too many at once
aws apigateway put-gateway-response --rest-api-id "$api_id" --response-type THROTTLED --status-code 429 \
  --response-parameters "{\"gatewayresponse.header.Retry-After\": \"'1'\"}" --query statusCode
aws apigateway create-deployment --rest-api-id "$api_id" --stage-name v1 --query id
aws apigateway update-stage --rest-api-id "$api_id" --stage-name v1 --query stageName --patch-operations \
  "op=replace,path=/*/*/throttling/rateLimit,value=$LAB_RATE" \
  "op=replace,path=/*/*/throttling/burstLimit,value=$LAB_RATE"
