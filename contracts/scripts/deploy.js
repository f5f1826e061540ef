#!/usr/bin/env node
// Deploys VouchDeposit with constructor arguments from a JSON file, and verifies what was deployed.
//
//     node scripts/deploy.js <arguments.json> --rpc-url <url> --from <unlocked account>
//     node scripts/deploy.js <arguments.json> --rpc-url <url> --keystore <file> --password-file <file>
//
// It takes no private key as such: arguments and the environment of a process can be read by others. Prints JSON.
const fs = require("node:fs");
const { NEVER, artifact, cast, compare, create, deployment, made, rpc } = require("./chain.js");

const FIELDS = ["owner", "claimManager", "claimDelay", "depositStopTime", "tokens"];
const CONSTRUCTOR = "constructor(address,address,uint48,uint48,address[])";

/** An address in the spelling of EIP-55. One that is in mixed case must be spelled so already. */
function address(value, what) {
  if (typeof value !== "string" || !/^0x[0-9a-fA-F]{40}$/.test(value)) throw new Error(`${what} is not an address: ${value}`);
  const spelled = cast("to-check-sum-address", value);
  if (/[a-f]/.test(value.slice(2)) && /[A-F]/.test(value.slice(2)) && value !== spelled) {
    throw new Error(`${what} has a wrong checksum: ${value}, expected ${spelled}`);
  }
  return spelled;
}

function seconds(value, what, least, most) {
  if (!Number.isSafeInteger(value) || value < least || value > most) throw new Error(`${what} is not a number of ${least} to ${most}: ${value}`);
  return BigInt(value);
}

/** Checks the arguments, and fills in what null stands for: no claim manager, no stop. */
function parseArguments(given) {
  const unknown = Object.keys(given).filter((key) => !FIELDS.includes(key));
  const missing = FIELDS.filter((key) => !(key in given));
  if (unknown.length || missing.length) throw new Error(`arguments: unknown [${unknown}], missing [${missing}]`);
  if (!Array.isArray(given.tokens)) throw new Error("tokens is not a list");
  const tokens = given.tokens.map((token, i) => address(token, `tokens[${i}]`));
  if (new Set(tokens).size !== tokens.length) throw new Error("tokens holds a token twice");
  return {
    owner: address(given.owner, "owner"),
    claimManager: given.claimManager === null ? "0x" + "0".repeat(40) : address(given.claimManager, "claimManager"),
    claimDelay: seconds(given.claimDelay, "claimDelay", 3600, 30 * 86400),
    depositStopTime: given.depositStopTime === null ? NEVER : seconds(given.depositStopTime, "depositStopTime", 0, Number(NEVER)),
    tokens,
  };
}

/** Compares the code at an address with the committed one, immutables set apart, and the state with the arguments. */
async function verify(url, at, args) {
  for (const value of await compare(url, at, "VouchDeposit")) {
    if (value !== args.claimDelay) throw new Error(`${at} has claim delay ${value} in its code, expected ${args.claimDelay}`);
  }
  const views = {
    "owner()(address)": args.owner,
    "claimManager()(address)": args.claimManager,
    "claimDelay()(uint48)": String(args.claimDelay),
    "depositStopTime()(uint48)": String(args.depositStopTime),
    "getAllWhitelistedTokens()(address[])": `[${args.tokens.join(", ")}]`,
    "paused()(bool)": "false",
  };
  for (const [signature, wanted] of Object.entries(views)) {
    const found = cast("call", at, signature, "--rpc-url", url).replace(/ \[[^\]]*e\d+\]$/, "");
    if (found !== wanted) throw new Error(`${signature} of ${at} is ${found}, expected ${wanted}`);
  }
}

/** Deploys and verifies. `from` is an unlocked account, or `keystore` an encrypted key's file with `passwordFile`. */
async function deploy(url, given, signer) {
  const args = parseArguments(given);
  for (const token of args.tokens) {
    if ((await rpc(url, "eth_getCode", token, "latest")) === "0x") throw new Error(`no contract at token ${token}`);
  }
  const list = `[${args.tokens.join(",")}]`;
  const values = [args.owner, args.claimManager, args.claimDelay, args.depositStopTime, list].map(String);
  const code = artifact("VouchDeposit").bytecode + cast("abi-encode", CONSTRUCTOR, ...values).slice(2);
  const deployed = await made(url, await create(url, code, signer));
  await verify(url, deployed.address, args);
  return deployed;
}

async function main(argv) {
  const { file, url, ...signer } = deployment(argv, "deploy.js <arguments.json>");
  console.log(JSON.stringify(await deploy(url, JSON.parse(fs.readFileSync(file, "utf8")), signer), null, 2));
}

module.exports = { deploy, parseArguments, verify };
if (require.main === module) main(process.argv.slice(2)).catch((error) => (console.error(error.message), (process.exitCode = 1)));
