#!/usr/bin/env node
// A forecast that a contract pays for, on a chain whose accounts are unlocked: VouchVerifier checks the proof, ForecastVault
// pays for it and keeps the outputs.
//
//     node scripts/forecast.js ask --rpc-url <url> --key <verifier.key> --envelope <json> > asked.json
//     node scripts/forecast.js answer --rpc-url <url> --asked asked.json --calls <json>
//
// `ask` deploys both contracts, registers the key and asks for the model's output on the inputs of an envelope, for a bounty; it
// prints the request and the nonce that a proof must be for. `answer` takes the calls of such a proof, which
// `vouch export --evm` writes: it sees that the vault refuses the proof with another output, sends the proof, and prints what
// the vault has kept.
const fs = require("node:fs");
const { artifact, calldata, cast, create, made, rpc, send } = require("./chain.js");
const { deploy } = require("./deploy-verifier.js");

const BOUNTY = 10n ** 16n;
const LIFETIME = 3600;
const OUTPUTS = "forecast(bytes32,bytes)((string,string,uint256[],uint64,bool,int256[])[])";

/** Integers as the contract takes them: 8 bytes each, most significant first. */
function int64s(values) {
  const bytes = Buffer.alloc(8 * values.length);
  values.forEach((value, i) => bytes.writeBigInt64BE(BigInt(value), 8 * i));
  return `0x${bytes.toString("hex")}`;
}

/** The inputs of an envelope in JSON, all of which must be public. */
function publicInputs(text) {
  const { inputs, input_hashes: hashes } = JSON.parse(text);
  if (!Array.isArray(inputs) || inputs.length === 0) throw new Error("the envelope has no public inputs");
  if (hashes?.length) throw new Error("the envelope has hashed inputs");
  const wrong = inputs.find((value) => !/^-?\d+$/.test(value));
  if (wrong !== undefined) throw new Error(`the envelope's input ${wrong} is no integer`);
  return int64s(inputs);
}

/** Deploys, registers and asks. `key` is a file. */
async function ask(url, { key, inputs }) {
  const [owner, , , , asker, prover] = (await rpc(url, "eth_accounts")).map((account) => cast("to-check-sum-address", account));
  const verifier = await deploy(url, { allowsDevelopment: true, keys: [key] }, { from: owner });
  const [{ modelId, gasUsed }] = verifier.models;
  const code = artifact("ForecastVault").bytecode + cast("abi-encode", "constructor(address)", verifier.address).slice(2);
  const vault = (await made(url, await create(url, code, { from: owner }))).address;
  const receipt = await send(url, asker, vault, calldata("ask(bytes32,bytes,uint64)", modelId, inputs, LIFETIME), `0x${BOUNTY.toString(16)}`);
  const request = receipt.logs[0].topics[1];
  const nonce = cast("call", vault, "nonceFor(bytes32,address)(bytes32)", request, prover, "--rpc-url", url);
  const { chainId } = verifier;
  return { rpcUrl: url, chainId, verifier: verifier.address, vault, modelId, registrationGas: gasUsed, asker, prover, request, inputs, nonce, bounty: String(BOUNTY) };
}

/** What the vault says to a call: its error's name, or nothing. */
async function refusal(url, from, vault, data) {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_call", params: [{ from, to: vault, data }, "latest"] });
  const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
  const { error } = await response.json();
  if (!error) return null;
  const names = artifact("ForecastVault").abi.filter((entry) => entry.type === "error");
  const selector = String(error.data).slice(0, 10);
  const signature = ({ name, inputs }) => `${name}(${inputs.map(({ type }) => type).join(",")})`;
  return names.find((entry) => cast("sig", signature(entry)) === selector)?.name ?? error.message;
}

/** Brings the proof, and reads what the vault has kept. */
async function answer(url, asked, calls) {
  const { vault, request, inputs, prover, nonce, modelId } = asked;
  if (calls.modelId !== modelId) throw new Error(`the calls are of model ${calls.modelId}, not of ${modelId}`);
  if (calls.nonce !== nonce) throw new Error(`the proof is for the nonce ${calls.nonce}, not for ${nonce}`);
  const call = (values) => calldata("answer(bytes32,bytes,bytes,address)", request, calls.proof, values, prover);
  const last = parseInt(calls.publicValues.slice(-2), 16) ^ 1;
  const other = calls.publicValues.slice(0, -2) + last.toString(16).padStart(2, "0");
  const refused = await refusal(url, asked.asker, vault, call(other));
  if (!refused) throw new Error("the vault takes a proof with another output");
  // Whoever sends it: the account is paid that the proof's nonce names.
  const before = BigInt(await rpc(url, "eth_getBalance", prover, "latest"));
  const receipt = await send(url, asked.asker, vault, call(calls.publicValues));
  const paid = BigInt(await rpc(url, "eth_getBalance", prover, "latest")) - before;
  const [outputs] = JSON.parse(cast("call", vault, OUTPUTS, request, inputs, "--rpc-url", url, "--json"));
  return { gasUsed: Number(receipt.gasUsed), paid: String(paid), refused, outputs: read(outputs) };
}

/** Outputs in their units; `cast` writes a tuple as a list, or as its text. */
function read(outputs) {
  return outputs.map(([name, unit, shape, bits, hashed, values]) => {
    const scale = new DataView(new ArrayBuffer(8));
    scale.setBigUint64(0, BigInt(bits));
    const real = (value) => Number(BigInt(value)) / scale.getFloat64(0);
    return { name, unit, shape: shape.map(Number), values: hashed ? [] : values.map(real) };
  });
}

async function main([command, ...argv]) {
  const option = (name) => (argv.includes(name) ? argv[argv.indexOf(name) + 1] : undefined);
  const file = (name) => fs.readFileSync(option(name), "utf8");
  const url = option("--rpc-url");
  if (url && command === "ask" && option("--key") && option("--envelope")) {
    return console.log(JSON.stringify(await ask(url, { key: option("--key"), inputs: publicInputs(file("--envelope")) })));
  }
  if (url && command === "answer" && option("--asked") && option("--calls")) {
    return console.log(JSON.stringify(await answer(url, JSON.parse(file("--asked")), JSON.parse(file("--calls")))));
  }
  throw new Error("usage: forecast.js (ask --key <file> --envelope <json> | answer --asked <json> --calls <json>) --rpc-url <url>");
}

module.exports = { answer, ask, int64s, publicInputs };
if (require.main === module) main(process.argv.slice(2)).catch((error) => (console.error(error.message), (process.exitCode = 1)));
