#!/usr/bin/env bash
# Lab 7 with the aws command.
set -euo pipefail

# step: site  Host the site on S3
aws s3api create-bucket --bucket "$LAB_BUCKET"
aws s3 sync site "s3://$LAB_BUCKET" --no-progress

# A policy for everybody counts as public, and new buckets block those.
aws s3api delete-public-access-block --bucket "$LAB_BUCKET"
aws s3api put-bucket-policy --bucket "$LAB_BUCKET" --policy "{
  \"Version\": \"2012-10-17\",
  \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": \"s3:GetObject\",
    \"Resource\": \"arn:aws:s3:::$LAB_BUCKET/*\"}]}"
aws s3 website "s3://$LAB_BUCKET" --index-document index.html

# step: users  Let riders register
pool_id=$(aws cognito-idp create-user-pool --pool-name "$LAB_POOL" \
  --username-attributes email --auto-verified-attributes email --query UserPool.Id --output text)
client_id=$(aws cognito-idp create-user-pool-client --user-pool-id "$pool_id" --client-name WildRydesWeb \
  --explicit-auth-flows ALLOW_USER_SRP_AUTH ALLOW_REFRESH_TOKEN_AUTH \
  --query UserPoolClient.ClientId --output text)

# The page learns the ids from js/config.js; the API follows in the last step.
write_config() {
  cat > site/js/config.js <<JS
window._config = {
  cognito: { userPoolId: "$pool_id", userPoolClientId: "$client_id", region: "us-east-1" },
  api: { invokeUrl: "$1" },
};
JS
  aws s3 cp site/js/config.js "s3://$LAB_BUCKET/js/config.js" --no-progress
}
write_config ""

# step: backend  A function that sends a unicorn
table_arn=$(aws dynamodb create-table --table-name Rides --billing-mode PAY_PER_REQUEST \
  --attribute-definitions AttributeName=RideId,AttributeType=S --key-schema AttributeName=RideId,KeyType=HASH \
  --query TableDescription.TableArn --output text)

# The function acts as this role: it may write rides and logs, and nothing else.
role_arn=$(aws iam create-role --role-name WildRydesLambda \
  --assume-role-policy-document file://backend/trust.json --query Role.Arn --output text)
aws iam attach-role-policy --role-name WildRydesLambda \
  --policy-arn arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole
aws iam put-role-policy --role-name WildRydesLambda --policy-name WriteRides --policy-document "{
  \"Version\": \"2012-10-17\",
  \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"dynamodb:PutItem\", \"Resource\": \"$table_arn\"}]}"

(cd backend && python -m zipfile -c ../function.zip index.mjs)
python -c 'import json, os
json.dump({"Variables": {"FLEET": os.environ["LAB_FLEET"]}}, open("environment.json", "w"))'
function_arn=$(aws lambda create-function --function-name RequestUnicorn --runtime nodejs22.x \
  --handler index.handler --role "$role_arn" --zip-file fileb://function.zip \
  --environment file://environment.json --query FunctionArn --output text)
aws lambda wait function-active-v2 --function-name RequestUnicorn
aws lambda invoke --function-name RequestUnicorn --cli-binary-format raw-in-base64-out \
  --payload file://backend/test-event.json answer.json --query StatusCode
cat answer.json

# step: api  A REST API that knows who asks
api_id=$(aws apigateway create-rest-api --name WildRydes --query id --output text)
root_id=$(aws apigateway get-resources --rest-api-id "$api_id" --query 'items[0].id' --output text)
ride_id=$(aws apigateway create-resource --rest-api-id "$api_id" --parent-id "$root_id" --path-part ride \
  --query id --output text)
authorizer_id=$(aws apigateway create-authorizer --rest-api-id "$api_id" --name WildRydes \
  --type COGNITO_USER_POOLS --identity-source method.request.header.Authorization \
  --provider-arns "arn:aws:cognito-idp:us-east-1:000000000000:userpool/$pool_id" --query id --output text)

aws apigateway put-method --rest-api-id "$api_id" --resource-id "$ride_id" --http-method POST \
  --authorization-type COGNITO_USER_POOLS --authorizer-id "$authorizer_id" --query httpMethod
aws apigateway put-integration --rest-api-id "$api_id" --resource-id "$ride_id" --http-method POST \
  --type AWS_PROXY --integration-http-method POST --query type \
  --uri "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/$function_arn/invocations"
aws lambda add-permission --function-name RequestUnicorn --statement-id api --action lambda:InvokeFunction \
  --principal apigateway.amazonaws.com --source-arn "arn:aws:execute-api:us-east-1:000000000000:$api_id/*/POST/ride"

# Before it sends a token elsewhere, a browser asks whether it may: OPTIONS, answered by the API itself.
aws apigateway put-method --rest-api-id "$api_id" --resource-id "$ride_id" --http-method OPTIONS \
  --authorization-type NONE --query httpMethod
aws apigateway put-integration --rest-api-id "$api_id" --resource-id "$ride_id" --http-method OPTIONS \
  --type MOCK --request-templates '{"application/json": "{\"statusCode\": 200}"}' --query type
aws apigateway put-method-response --rest-api-id "$api_id" --resource-id "$ride_id" --http-method OPTIONS \
  --status-code 200 --query statusCode --response-parameters '{
    "method.response.header.Access-Control-Allow-Headers": false,
    "method.response.header.Access-Control-Allow-Methods": false,
    "method.response.header.Access-Control-Allow-Origin": false}'
aws apigateway put-integration-response --rest-api-id "$api_id" --resource-id "$ride_id" --http-method OPTIONS \
  --status-code 200 --query statusCode --response-parameters '{
    "method.response.header.Access-Control-Allow-Headers": "'"'Content-Type,Authorization'"'",
    "method.response.header.Access-Control-Allow-Methods": "'"'POST,OPTIONS'"'",
    "method.response.header.Access-Control-Allow-Origin": "'"'*'"'"}'

aws apigateway create-deployment --rest-api-id "$api_id" --stage-name prod --query id
write_config "http://$api_id.execute-api.us-east-1.localhost:${AWS_ENDPOINT_URL##*:}/prod"
