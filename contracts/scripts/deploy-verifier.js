#!/usr/bin/env node
// Deploys VouchVerifier, verifies what was deployed, and registers models.
//
//     node scripts/deploy-verifier.js <arguments.json> --rpc-url <url> --from <unlocked account>
//     node scripts/deploy-verifier.js <arguments.json> --rpc-url <url> --keystore <file> --password-file <file>
//
// The arguments are `allowsDevelopment`, which must be false where proofs are worth something, and `keys`: files of verifying keys
// of the evm profile, which are registered (with --from only). Prints JSON.
const fs = require("node:fs");
const path = require("node:path");
const { artifact, calldata, cast, compare, create, deployment, made, rpc, send } = require("./chain.js");

const FIELDS = ["allowsDevelopment", "keys"];

function parseArguments(given, dir = ".") {
  const unknown = Object.keys(given).filter((key) => !FIELDS.includes(key));
  const missing = FIELDS.filter((key) => !(key in given));
  if (unknown.length || missing.length) throw new Error(`arguments: unknown [${unknown}], missing [${missing}]`);
  if (typeof given.allowsDevelopment !== "boolean") throw new Error("allowsDevelopment is neither true nor false");
  if (!Array.isArray(given.keys)) throw new Error("keys is not a list");
  const keys = given.keys.map((file) => {
    const bytes = fs.readFileSync(path.resolve(dir, file));
    if (bytes.subarray(0, 8).toString("latin1") !== "VOUCHVK\0") throw new Error(`${file} is not a verifying key`);
    return bytes;
  });
  return { allowsDevelopment: given.allowsDevelopment, keys };
}

/** Compares the code at an address with the committed one, and what it allows with what is expected. */
async function verify(url, at, { allowsDevelopment }) {
  for (const value of await compare(url, at, "VouchVerifier")) {
    if (value !== BigInt(allowsDevelopment)) throw new Error(`${at} has ${value} for allowsDevelopment, expected ${allowsDevelopment}`);
  }
}

/** Registers a key from an unlocked account, unless it is registered; returns the model. */
async function register(url, at, key, from) {
  const data = calldata("registerKey(bytes)", `0x${key.toString("hex")}`);
  const modelId = await rpc(url, "eth_call", { from, to: at, data }, "latest");
  const keyOf = () => cast("call", at, "keyOf(bytes32)(address)", modelId, "--rpc-url", url);
  const none = "0x" + "0".repeat(40);
  let gasUsed = 0;
  if ((await keyOf()) === none) gasUsed = Number((await send(url, from, at, data)).gasUsed);
  const kept = await keyOf();
  if (kept === none) throw new Error(`model ${modelId} is not registered`);
  return { modelId, key: kept, gasUsed };
}

/** Deploys, verifies and registers. `from` is an unlocked account, or `keystore` an encrypted key's file with `passwordFile`. */
async function deploy(url, given, signer, dir) {
  const args = parseArguments(given, dir);
  if (args.keys.length && !signer.from) throw new Error("keys are registered from an unlocked account only: --from");
  const code = artifact("VouchVerifier").bytecode + cast("abi-encode", "constructor(bool)", String(args.allowsDevelopment)).slice(2);
  const deployed = await made(url, await create(url, code, signer));
  await verify(url, deployed.address, args);
  const models = [];
  for (const key of args.keys) models.push(await register(url, deployed.address, key, signer.from));
  return { ...deployed, models };
}

async function main(argv) {
  const { file, url, ...signer } = deployment(argv, "deploy-verifier.js <arguments.json>");
  const given = JSON.parse(fs.readFileSync(file, "utf8"));
  console.log(JSON.stringify(await deploy(url, given, signer, path.dirname(file)), null, 2));
}

module.exports = { deploy, parseArguments, register, verify };
if (require.main === module) main(process.argv.slice(2)).catch((error) => (console.error(error.message), (process.exitCode = 1)));
