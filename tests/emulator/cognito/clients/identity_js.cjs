// amazon-cognito-identity-js against a pool: the steps of a run as a JSON list on the command line.
const { CognitoUserPool, CognitoUser, CognitoUserAttribute, AuthenticationDetails } = require("amazon-cognito-identity-js");

const { pool: UserPoolId, client: ClientId, endpoint, name: Username, list } = JSON.parse(process.argv[2]);
const pool = new CognitoUserPool({ UserPoolId, ClientId, endpoint });
let user, step;
const results = [];
const next = () => {
  step = list[results.length];
  if (!step) return console.log(JSON.stringify(results));
  user = new CognitoUser({ Username, Pool: pool });
  steps[step.step]();
};
const done = (value) => { results.push(value ?? null); next(); };
const failed = (error) => { done({ error: error.code ?? error.name, message: error.message }); };
const back = (error, value) => (error ? failed(error) : done(value));
const attribute = (Name, Value) => new CognitoUserAttribute({ Name, Value });

function signIn(then) {
  user.authenticateUser(new AuthenticationDetails({ Username, Password: step.password }), {
    onSuccess: then, onFailure: failed,
    newPasswordRequired: (attributes, required) => {
      if (!step.newPassword) return done({ challenge: "NEW_PASSWORD_REQUIRED", attributes, required });
      user.completeNewPasswordChallenge(step.newPassword, {}, { onSuccess: then, onFailure: failed });
    },
    totpRequired: () => done({ challenge: "SOFTWARE_TOKEN_MFA" }),
  });
}

const steps = {
  signUp: () => pool.signUp(Username, step.password, [attribute("email", step.email)], null, (error, found) =>
    error ? failed(error) : done({ confirmed: found.userConfirmed, sub: found.userSub, sent: found.codeDeliveryDetails })),
  confirm: () => user.confirmRegistration(step.code, true, back),
  resend: () => user.resendConfirmationCode(back),
  signIn: () => signIn((session) => done({ id: session.getIdToken().getJwtToken(), valid: session.isValid() })),
  refresh: () => signIn((session) => user.refreshSession(session.getRefreshToken(), (error, found) =>
    error ? failed(error) : done({ id: found.getIdToken().getJwtToken() }))),
  attributes: () => signIn(() => user.getUserAttributes((error, found) =>
    error ? failed(error) : done(Object.fromEntries(found.map((item) => [item.Name, item.Value]))))),
  changePassword: () => signIn(() => user.changePassword(step.password, step.newPassword, back)),
  forgot: () => user.forgotPassword({ onSuccess: done, onFailure: failed, inputVerificationCode: done }),
  confirmPassword: () => user.confirmPassword(step.code, step.newPassword, { onSuccess: done, onFailure: failed }),
  signOut: () => signIn(() => user.globalSignOut({ onSuccess: done, onFailure: failed })),
};
next();
