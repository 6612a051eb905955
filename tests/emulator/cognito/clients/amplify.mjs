// AWS Amplify 6 against a pool: a whole life of a user; codes come on standard input, one a line.
import { createRequire } from "node:module";
import readline from "node:readline";

const require = createRequire(process.argv[3]);
const { Amplify } = require("@aws-amplify/core");
const auth = require("@aws-amplify/auth");
const { cognitoUserPoolsTokenProvider } = require("@aws-amplify/auth/cognito");
const given = JSON.parse(process.argv[2]);

const kept = new Map();
cognitoUserPoolsTokenProvider.setKeyValueStorage({
  getItem: async (key) => kept.get(key) ?? null, setItem: async (key, value) => void kept.set(key, value),
  removeItem: async (key) => void kept.delete(key), clear: async () => kept.clear(),
});
const settings = { Cognito: { userPoolId: given.pool, userPoolClientId: given.client, userPoolEndpoint: given.endpoint } };
// What the package `aws-amplify` does around these two.
cognitoUserPoolsTokenProvider.setAuthConfig(settings);
Amplify.configure({ Auth: settings }, { Auth: { tokenProvider: cognitoUserPoolsTokenProvider } });

const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const ask = async (what) => { console.log(JSON.stringify({ ask: what })); return (await lines.next()).value; };
const { name: username, password } = given;
const seen = {};
const refused = async (call) => { try { await call(); return null; } catch (error) { return error.name; } };

seen.signUp = (await auth.signUp({ username, password, options: { userAttributes: { email: given.email } } })).nextStep.signUpStep;
seen.early = (await auth.signIn({ username, password })).nextStep.signInStep;
seen.wrongCode = await refused(() => auth.confirmSignUp({ username, confirmationCode: "000000" }));
seen.confirmed = (await auth.confirmSignUp({ username, confirmationCode: await ask("code") })).isSignUpComplete;
seen.wrongPassword = await refused(() => auth.signIn({ username, password: "Wrong-1234" }));
seen.signIn = (await auth.signIn({ username, password })).nextStep.signInStep;
seen.email = (await auth.fetchUserAttributes()).email;
seen.claims = (await auth.fetchAuthSession({ forceRefresh: true })).tokens.idToken.payload;
seen.user = (await auth.getCurrentUser()).username;
await auth.updatePassword({ oldPassword: password, newPassword: "Another-123" });
await auth.signOut({ global: true });
seen.reset = (await auth.resetPassword({ username })).nextStep.resetPasswordStep;
await auth.confirmResetPassword({ username, confirmationCode: await ask("reset"), newPassword: "Third-1234" });
seen.last = (await auth.signIn({ username, password: "Third-1234" })).isSignedIn;
console.log(JSON.stringify(seen));
process.exit(0);
