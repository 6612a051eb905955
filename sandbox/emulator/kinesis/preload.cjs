// Loaded before the engine: it ends when the process that started it is gone, and it listens on loopback
// only; by itself it would listen on every interface.
"use strict";

const net = require("net");

const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.exit(0);
}, 200).unref();

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (first, ...others) {
  if (first !== null && typeof first === "object" && first.port !== undefined) {
    return listen.call(this, { ...first, host: "127.0.0.1" }, ...others);
  }
  if (typeof first === "number") {
    const rest = others.filter((other) => typeof other === "function");
    return listen.call(this, { port: first, host: "127.0.0.1" }, ...rest);
  }
  return listen.call(this, first, ...others);
};
