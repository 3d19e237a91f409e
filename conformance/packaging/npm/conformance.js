#!/usr/bin/env node
// Starts the program of the package for this system, with the same arguments, streams, signals and exit code.
"use strict";
const { spawn } = require("node:child_process");
const { constants } = require("node:os");

const name = `conformance-http-${process.platform}-${process.arch}`;
let program;
try {
  program = require.resolve(`${name}/conformance`);
} catch {
  console.error(`error: the package ${name} is not installed; conformance runs on Linux and macOS, x64 and arm64`);
  console.error("  = help: install again without --omit=optional");
  process.exit(70);
}
const child = spawn(program, process.argv.slice(2), { stdio: "inherit" });
// A terminal sends signals to the program, too; this process only waits for it.
for (const signal of ["SIGINT", "SIGHUP", "SIGTERM"]) {
  process.on(signal, () => signal === "SIGTERM" && child.kill(signal));
}
child.on("error", (error) => {
  console.error(`error: ${program} does not start: ${error.message}`);
  process.exit(70);
});
child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
