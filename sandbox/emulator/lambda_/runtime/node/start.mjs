// Starts AWS's Node.js runtime client the way its own bootstrap does.
// The client is the first argument: packages are not looked for beside this file.
const { run } = await import(process.argv[2]);

await run(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER);
