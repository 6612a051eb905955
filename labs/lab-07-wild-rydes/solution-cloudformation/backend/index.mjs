// RequestUnicorn: sends a unicorn of your fleet and writes the ride down.
import { randomUUID } from "node:crypto";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, PutCommand } from "@aws-sdk/lib-dynamodb";

const table = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const fleet = JSON.parse(process.env.FLEET || "[]");

export const handler = async (event, context) => {
  // The authorizer of the API checked the token and hands over what it says.
  const claims = event.requestContext.authorizer?.claims;
  if (!claims) return answer(500, { Error: "Authorization not configured", Reference: context.awsRequestId });

  const rideId = randomUUID();
  const rider = claims["cognito:username"];
  const { PickupLocation } = JSON.parse(event.body);
  const unicorn = fleet[Math.floor(Math.random() * fleet.length)];
  console.log(`${rideId}: ${unicorn.Name} flies to ${PickupLocation.Latitude}, ${PickupLocation.Longitude}`);

  try {
    await recordRide(rideId, rider, unicorn);
  } catch (error) {
    console.error(error);
    return answer(500, { Error: error.message, Reference: context.awsRequestId });
  }
  return answer(201, { RideId: rideId, Unicorn: unicorn, Eta: "30 seconds", Rider: rider });
};

async function recordRide(rideId, rider, unicorn) {
  await table.send(new PutCommand({
    TableName: "Rides",
    Item: { RideId: rideId, User: rider, Unicorn: unicorn, RequestTime: new Date().toISOString() },
  }));
}

function answer(statusCode, body) {
  return {
    statusCode,
    // A page from another origin may read the answer.
    headers: { "Access-Control-Allow-Origin": "*" },
    body: JSON.stringify(body),
  };
}
