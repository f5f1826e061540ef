// The script of the vault that pays for a forecast, as far as it goes without a prover: `cargo xtask web --test` goes on from there.
const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { after, before, test } = require("node:test");
const { cast, root, rpc, startAnvil } = require("../scripts/chain.js");
const { answer, ask, int64s, publicInputs } = require("../scripts/forecast.js");

const key = path.join(root, "../crates/verify/verifier/tests/fixtures/evm.key");
const calls = JSON.parse(fs.readFileSync(path.join(__dirname, "calls/evm-0.json"), "utf8"));
let chain, asked;

before(async () => {
  chain = await startAnvil();
  asked = await ask(chain.url, { key, inputs: publicInputs(JSON.stringify({ inputs: ["3", "-2"] })) });
});
after(() => chain?.stop());

test("inputs are those of an envelope", () => {
  assert.equal(int64s([1, -1n, "256"]), "0x0000000000000001ffffffffffffffff0000000000000100");
  assert.ok(calls.publicValues.startsWith(asked.inputs));
  for (const [envelope, why] of [[{}, /no public inputs/], [{ inputs: [] }, /no public inputs/], [{ inputs: ["1"], input_hashes: ["00"] }, /hashed/], [{ inputs: ["1.5"] }, /no integer/]]) {
    assert.throws(() => publicInputs(JSON.stringify(envelope)), why);
  }
  assert.throws(() => publicInputs(JSON.stringify({ inputs: ["9223372036854775808"] })), RangeError);
});

test("the bounty is in the vault, for the nonce of request and prover", async () => {
  assert.equal(BigInt(await rpc(chain.url, "eth_getBalance", asked.vault, "latest")), BigInt(asked.bounty));
  assert.equal(asked.nonce, cast("keccak", cast("abi-encode", "f(bytes32,address)", asked.request, asked.prover)));
  assert.equal(asked.modelId, calls.modelId);
});

test("a proof for another request is not paid", async () => {
  await assert.rejects(answer(chain.url, asked, calls), /is for the nonce/);
  await assert.rejects(answer(chain.url, asked, { ...calls, modelId: calls.nonce }), /calls are of model/);
  // Sent all the same, the vault refuses it.
  await assert.rejects(answer(chain.url, { ...asked, nonce: calls.nonce }, calls), /revert/);
  assert.equal(BigInt(await rpc(chain.url, "eth_getBalance", asked.vault, "latest")), BigInt(asked.bounty));
});
