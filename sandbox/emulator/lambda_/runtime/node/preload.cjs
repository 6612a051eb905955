// Loaded before AWS's Node.js runtime client: its compiled transport is replaced by the guard's channel, and
// ES modules find packages along NODE_PATH, as they do in AWS's runtimes.
"use strict";

const fs = require("fs");
const Module = require("module");

const CHANNEL = 3;
const PREFIX = "/2018-06-01/runtime/invocation/";
let rest = Buffer.alloc(0);

// In one go and at once: a runtime that reports its error exits right afterwards.
function send(head, body) {
  const bytes = Buffer.concat([Buffer.from(head, "latin1"), body || Buffer.alloc(0)]);
  for (let at = 0; at < bytes.length; ) {
    at += fs.writeSync(CHANNEL, bytes, at);
  }
}

function post(path, text) {
  const body = Buffer.from(text);
  send(
    `POST ${path} HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
    body,
  );
}

function read() {
  return new Promise((resolve, reject) => {
    const buffer = Buffer.allocUnsafe(1 << 16);
    fs.read(CHANNEL, buffer, 0, buffer.length, null, (error, count) => {
      if (error) return reject(error);
      // The emulator is gone.
      if (count === 0) process.exit(1);
      resolve(buffer.subarray(0, count));
    });
  });
}

async function next() {
  send("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n\r\n");
  let text = rest;
  let end;
  while ((end = text.indexOf("\r\n\r\n")) < 0) {
    text = Buffer.concat([text, await read()]);
  }
  const headers = {};
  for (const line of text.subarray(0, end).toString("latin1").split("\r\n").slice(1)) {
    const at = line.indexOf(": ");
    headers[line.slice(0, at).toLowerCase()] = line.slice(at + 2);
  }
  headers["lambda-runtime-deadline-ms"] = Number(headers["lambda-runtime-deadline-ms"]);
  const length = Number(headers["content-length"] || 0);
  const pieces = [text.subarray(end + 4)];
  let got = pieces[0].length;
  while (got < length) {
    const piece = await read();
    pieces.push(piece);
    got += piece.length;
  }
  const body = Buffer.concat(pieces);
  rest = body.subarray(length);
  return { bodyJson: body.subarray(0, length).toString(), headers };
}

const client = {
  next,
  done: (id, body) => post(`${PREFIX}${id}/response`, body),
  error: (id, body) => post(`${PREFIX}${id}/error`, body),
};

const load = Module._load;
Module._load = function (request, ...others) {
  if (request === "./rapid-client.node") {
    Module._load = load;
    return client;
  }
  return load.call(this, request, ...others);
};

if (Module.registerHooks && process.env.NODE_PATH) {
  const folders = process.env.NODE_PATH.split(":").filter(Boolean);
  Module.registerHooks({
    resolve(specifier, context, following) {
      try {
        return following(specifier, context);
      } catch (error) {
        const bare = /^[^./]/.test(specifier) && !specifier.includes(":");
        if (!bare || error.code !== "ERR_MODULE_NOT_FOUND") throw error;
        for (const folder of folders) {
          try {
            return following(specifier, { ...context, parentURL: `file://${folder}/../index.mjs` });
          } catch {
            // The next folder, then the error that Node had first.
          }
        }
        throw error;
      }
    },
  });
}
