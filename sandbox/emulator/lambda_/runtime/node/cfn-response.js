// Answers of custom resources to CloudFormation, with the interface of AWS's module of this name.
// AWS puts its own into functions whose code stands in the template (ZipFile).
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-lambda-function-code-cfnresponsemodule.html
"use strict";

exports.SUCCESS = "SUCCESS";
exports.FAILED = "FAILED";

exports.send = function (event, context, responseStatus, responseData, physicalResourceId, noEcho) {
  return new Promise((resolve) => {
    const body = JSON.stringify({
      Status: responseStatus,
      Reason: "See the details in CloudWatch Log Stream: " + context.logStreamName,
      PhysicalResourceId: physicalResourceId || context.logStreamName,
      StackId: event.StackId,
      RequestId: event.RequestId,
      LogicalResourceId: event.LogicalResourceId,
      NoEcho: noEcho || false,
      Data: responseData,
    });
    console.log("Response body:\n", body);
    const target = new URL(event.ResponseURL);
    const library = target.protocol === "http:" ? require("http") : require("https");
    const finish = () => {
      if (context.done) context.done();
      resolve();
    };
    const request = library.request(
      target,
      { method: "PUT", headers: { "content-type": "", "content-length": Buffer.byteLength(body) } },
      (answer) => {
        console.log("Status code: " + answer.statusCode);
        answer.resume();
        answer.on("end", finish);
      },
    );
    request.on("error", (error) => {
      console.log("send(..) failed executing https.request(..): " + error);
      finish();
    });
    request.end(body);
  });
};
