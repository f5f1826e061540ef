// Runs forge with the given arguments.
const { spawnSync } = require("node:child_process");
const { program, root } = require("./chain.js");

const { status, error } = spawnSync(program("forge"), process.argv.slice(2), { cwd: root, stdio: "inherit" });
if (error) console.error(error.message);
process.exitCode = status ?? 1;
