#!/usr/bin/env node
// What forge takes for a native solc, through the compiler of the npm package `solc`: nothing is downloaded.
const solc = require("solc");

const args = process.argv.slice(2);
if (args.includes("--version")) {
  console.log("solc, the solidity compiler commandline interface");
  console.log(`Version: ${solc.version().replace("Emscripten.clang", "Linux.g++")}`);
} else if (args.includes("--standard-json")) {
  process.stdout.write(solc.compile(require("fs").readFileSync(0, "utf8")));
} else {
  console.error(`solc.js takes --version or --standard-json, not ${args.join(" ")}`);
  process.exitCode = 1;
}
