#!/usr/bin/env node
// Measures what registration and verification of models cost, and writes the tables of docs/evm.md.
//
//     node scripts/verifier-gas.js --vouch <program> --srs <file> NAME=BUNDLE:INPUTS ...  [--groups 16,32,64] [--proofs 10] [--runs 5]
//         [--into <folder>]
//
// BUNDLE is a folder that `vouch compile` made, INPUTS a file for `vouch prove`. NAME may be followed by @N for a batch of N
// inputs, and by /16,32 for other groups. The first model is also proved with groups of 1, and so often at once. Calls are kept in
// a folder below contracts/cache; what is there already is not made again.
// Gas is that of receipts of anvil; of forge's snapshots in isolation; and, with `cargo test -p vouch-evm --test gas -- --ignored`,
// which reads the same calls (VOUCH_CALLS), of revm.
const { execFileSync, spawnSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { artifact, cast, program, root, rpc, send, startAnvil } = require("./chain.js");

const PAGE = path.join(root, "../docs/evm.md");
const MARKS = ["<!-- gas: begin, written by scripts/verifier-gas.js -->", "<!-- gas: end -->"];

function parse(argv) {
  const options = { vouch: "vouch", srs: undefined, groups: "16,32,64", proofs: "10", runs: "5", models: [] };
  for (let i = 0; i < argv.length; i++) {
    const model = argv[i].match(/^([\w-]+)(?:@(\d+))?(?:\/([\d,]+))?=([^:]+):(.+)$/);
    if (model) options.models.push({ name: model[1], batch: Number(model[2] ?? 1), groups: model[3], bundle: model[4], inputs: model[5] });
    else if (/^--(vouch|srs|groups|proofs|runs|into)$/.test(argv[i]) && argv[i + 1]) options[argv[i].slice(2)] = argv[++i];
    else throw new Error(`unknown argument ${argv[i]}`);
  }
  if (!options.srs || !options.models.length) throw new Error("usage: verifier-gas.js --vouch <program> --srs <file> NAME[@BATCH]=BUNDLE:INPUTS ...");
  for (const model of options.models) model.groups = (model.groups ?? options.groups).split(",").map(Number);
  return options;
}

/** Keys, proofs and calls of one model and profile. Group 0 is the profile without a contract. */
function make(options, dir, model, group, proofs) {
  const vouch = (...args) => JSON.parse(execFileSync(options.vouch, ["--json", "--quiet", ...args], { encoding: "utf8", maxBuffer: 1 << 26 }));
  const name = `${model.name}${model.batch > 1 ? `@${model.batch}` : ""}-${group}`;
  const bundle = path.join(dir, name);
  const kept = path.join(bundle, "made.json");
  if (fs.existsSync(kept)) return { ...JSON.parse(fs.readFileSync(kept, "utf8")), model };
  fs.mkdirSync(bundle, { recursive: true });
  fs.copyFileSync(path.join(model.bundle, "model.vouch"), path.join(bundle, "model.vouch"));
  const batch = model.batch > 1 ? ["--batch", String(model.batch)] : [];
  const profile = group ? ["--profile", "evm", "--group", String(group)] : [];
  const setup = vouch("setup", bundle, "--srs", options.srs, ...batch, ...profile);
  const seconds = [];
  const calls = [];
  const proof = path.join(bundle, "a.proof");
  for (let i = 0; i < Math.max(proofs, Number(options.runs)); i++) {
    const nonce = (i + 1).toString(16).padStart(64, "0");
    const made = vouch("prove", bundle, "--input", model.inputs, ...batch.slice(0, 1), "--nonce", nonce, "-o", proof);
    seconds.push(made.cpu_seconds);
    if (!group) continue;
    const file = path.join(bundle, "calls.json");
    vouch("export", proof, "--evm", setup.verifier_key, "-o", file);
    calls.push(JSON.parse(fs.readFileSync(file, "utf8")));
  }
  fs.rmSync(setup.prover_key);
  const made = { name, group, setup, calls, seconds: Math.min(...seconds) };
  fs.writeFileSync(kept, JSON.stringify(made));
  return { ...made, model };
}

/** Gas of transactions on a chain of its own. */
async function onChain(made, proofs) {
  const chain = await startAnvil();
  try {
    const [from] = await rpc(chain.url, "eth_accounts");
    const code = artifact("VouchVerifier").bytecode + "1".padStart(64, "0");
    const deployed = await send(chain.url, from, null, code);
    const to = deployed.contractAddress;
    const gas = async (data) => Number((await send(chain.url, from, to, data)).gasUsed);
    const result = { deployment: Number(deployed.gasUsed), rows: new Map() };
    for (const one of made.filter((m) => m.group)) {
      const registration = await gas(one.calls[0].registerKey);
      const yes = await rpc(chain.url, "eth_call", { from, to, data: one.calls[0].verify }, "latest");
      if (BigInt(yes) !== 1n) throw new Error(`${one.name}: refused`);
      const row = { registration, verify: await gas(one.calls[0].verify) };
      if (one.calls.length >= proofs && one === made.find((m) => m.many)) {
        const claims = one.calls.slice(0, proofs).map((c) => `(${c.proof},${c.publicValues},${c.nonce})`);
        const data = cast("calldata", "verifyMany(bytes32,(bytes,bytes,bytes32)[])", one.calls[0].modelId, `[${claims.join(",")}]`);
        if (BigInt(await rpc(chain.url, "eth_call", { from, to, data }, "latest")) !== 1n) throw new Error("many: refused");
        row.many = await gas(data);
      }
      result.rows.set(one.name, row);
    }
    return result;
  } finally {
    await chain.stop();
  }
}

/** Gas of the same calls as forge reports it for transactions. */
function inForge(dir, made) {
  const evm = made.filter((m) => m.group);
  fs.writeFileSync(path.join(dir, "names.json"), JSON.stringify(evm.map((m) => m.name)));
  for (const { name, calls } of evm) fs.writeFileSync(path.join(dir, `${name}.json`), JSON.stringify(calls[0]));
  const env = { ...process.env, VOUCH_CALLS: dir };
  const args = ["test", "--isolate", "--match-contract", "GasTest", "--gas-limit", "1000000000"];
  const { status, stdout, stderr } = spawnSync(program("forge"), args, { cwd: root, env, encoding: "utf8" });
  if (status !== 0) throw new Error(`forge: ${stdout}${stderr}`);
  return JSON.parse(fs.readFileSync(path.join(root, "snapshots/verifier.json"), "utf8"));
}

function tables(made, chain, forge, proofs) {
  const number = (n) => Number(n).toLocaleString("en-US");
  const extra = (one) => {
    const without = made.find((m) => m.model === one.model && !m.group);
    return (one.seconds - without.seconds).toFixed(2);
  };
  const lines = [
    "| model | largest group | rows | key, bytes | registration, gas | proof, bytes | `verify`, gas | in forge | prover, extra CPU s |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
  ];
  for (const one of made.filter((m) => m.group)) {
    const row = chain.rows.get(one.name);
    const what = one.model.batch > 1 ? `${one.model.name}, batch of ${one.model.batch}` : one.model.name;
    const cells = [what, one.group, `2^${one.setup.k}`, number(one.setup.verifier_key_bytes), number(row.registration)];
    cells.push(number(one.setup.proof_bytes), number(row.verify), number(forge[`${one.name} verify`]), extra(one));
    lines.push(`| ${cells.join(" | ")} |`);
  }
  const many = made.find((m) => m.many);
  const row = chain.rows.get(many.name);
  lines.push("");
  lines.push(
    `\`verifyMany\` of ${proofs} proofs of ${many.model.name} (groups of ${many.group}) takes ${number(row.many)} gas, ` +
      `${number(Math.round(row.many / proofs))} for each. The contract's deployment takes ${number(chain.deployment)}.`,
  );
  return lines.join("\n");
}

async function main(argv) {
  const options = parse(argv);
  const proofs = Number(options.proofs);
  const dir = path.join(root, "cache", options.into ?? "gas");
  fs.mkdirSync(dir, { recursive: true });
  const made = [];
  for (const model of options.models) {
    const first = model === options.models[0];
    for (const group of [0, ...(first ? [1] : []), ...model.groups]) {
      const many = first && group === 32;
      made.push({ ...make(options, dir, model, group, many ? proofs : 1), many });
      console.error(`${made.at(-1).name}: ${made.at(-1).seconds.toFixed(2)} CPU s a proof`);
    }
  }
  const chain = await onChain(made, proofs);
  const table = tables(made, chain, inForge(dir, made), proofs);
  const text = fs.readFileSync(PAGE, "utf8");
  const [begin, end] = MARKS.map((mark) => text.indexOf(mark));
  if (begin < 0 || end < begin) throw new Error("docs/evm.md has no place for the table");
  fs.writeFileSync(PAGE, `${text.slice(0, begin)}${MARKS[0]}\n\n${table}\n\n${text.slice(end)}`);
  console.log(table);
  console.log(`calls: ${dir}`);
}

main(process.argv.slice(2)).catch((error) => (console.error(error.message), (process.exitCode = 1)));
