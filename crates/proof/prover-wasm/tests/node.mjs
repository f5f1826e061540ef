// The prover's module in Node: `node node.mjs PACKAGE CASE VERIFIER`. PACKAGE has the built module, CASE is made by the example
// `case` of crates/proof/disclosure, VERIFIER is the npm package of the verifier. Proofs are written to CASE.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [place, folder, verifier] = process.argv.slice(2).map((path) => resolve(path));
const file = (name) => readFile(join(folder, name));
const imported = (path) => import(pathToFileURL(path).href);

const { initSync, Prover } = await imported(join(place, "vouch_prover.js"));
const wasm = await readFile(join(place, "vouch_prover.wasm"));
let start = performance.now();
initSync({ module: new WebAssembly.Module(wasm) });
console.log(`node ${process.version}: ${wasm.length} bytes, started in ${(performance.now() - start).toFixed(0)} ms`);

const [proverKey, verifierKey] = [await file("prover.key"), await file("verifier.key")];
const made = JSON.parse(await file("case.json"));
const values = Int32Array.from(made.values);

start = performance.now();
const prover = new Prover(proverKey, verifierKey);
const about = JSON.parse(prover.describe());
console.log(`key of ${proverKey.length} bytes, 2^${about.k} rows, read in ${(performance.now() - start).toFixed(0)} ms`);
assert.equal(prover.hash(values, made.salt), made.hash);

const { Verifier } = await imported(join(verifier, "node.js"));
const key = new Verifier(verifierKey);
const times = [];
for (const [index, statement] of made.statements.entries()) {
  const before = performance.now();
  const envelope = prover.prove(values, made.salt, JSON.stringify(statement), made.nonce);
  times.push(performance.now() - before);
  await writeFile(join(folder, `${index}.envelope`), envelope);
  const expected = { nonce: made.nonce, input_hashes: [made.hash], allow_development_srs: true };
  assert.equal(key.verify(envelope, expected).accepted, true);
  const other = made.hash.replace(/.$/, (digit) => (digit === "0" ? "1" : "0"));
  assert.equal(key.verify(envelope, { ...expected, input_hashes: [other] }).accepted, false);
  assert.equal(key.verify(envelope, { ...expected, nonce: other }).accepted, false);
  const changed = envelope.slice();
  changed[changed.length - 40] ^= 1;
  assert.equal(key.verify(changed, expected).accepted, false);
}
console.log(`proofs in ${times.map((time) => time.toFixed(0)).join(", ")} ms, accepted by the verifier's module`);

const refused = (call, words) => assert.throws(call, (error) => error.message.includes(words) || assert.fail(error.message));
const prove = (more) => {
  const all = { values, salt: made.salt, statement: JSON.stringify(made.statements[0]), nonce: made.nonce, ...more };
  return prover.prove(all.values, all.salt, all.statement, all.nonce);
};
refused(() => prove({ statement: JSON.stringify(made.false) }), "the statement is false");
refused(() => prove({ statement: "{}" }), "statement:");
refused(() => prove({ values: values.slice(1) }), "5 values");
refused(() => prove({ values: values.map((v) => v + 100000) }), "outside");
refused(() => prove({ salt: "00" }), "hexadecimal");
refused(() => prove({ nonce: "" }), "hexadecimal");
refused(() => new Prover(proverKey.subarray(1), verifierKey), "prover key");
refused(() => new Prover(verifierKey, verifierKey), "prover key");
refused(() => new Prover(proverKey, proverKey), "verifying key");
// Two proofs of one statement have nothing in common but what is public.
const [first, second] = [prove({}), prove({})].map((bytes) => Buffer.from(bytes).subarray(-about.proof_bytes));
let same = 0;
for (let at = 0; at + 32 <= first.length; at += 32) same += first.subarray(at, at + 32).equals(second.subarray(at, at + 32));
assert.ok(same <= about.proof_bytes / 64, `${same} elements of two proofs are equal`);
console.log("what is false or malformed is refused");
