// The scripts and bindings of VouchVerifier, against a local chain: deployment, registration, and calls from exported files.
const assert = require("node:assert/strict");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { after, before, test } = require("node:test");
const { cast, root, rpc, startAnvil } = require("../scripts/chain.js");
const { deploy, parseArguments, register, verify } = require("../scripts/deploy-verifier.js");

const FIXTURES = path.join(root, "../crates/verify/verifier/tests/fixtures");
const given = { allowsDevelopment: true, keys: [path.join(FIXTURES, "evm.key")] };
const files = [0, 1].map((i) => fs.readFileSync(path.join(__dirname, `calls/evm-${i}.json`), "utf8"));
let chain, url, from, deployed, ts;

before(async () => {
  chain = await startAnvil();
  url = chain.url;
  [from] = await rpc(url, "eth_accounts");
  deployed = await deploy(url, given, { from });
  ts = await import(path.join(root, "build/ts/index.js"));
});
after(() => chain?.stop());

const ask = async (data) => ts.decodeVerdict(await rpc(url, "eth_call", { from, to: deployed.address, data }, "latest"));

test("a deployment is verified, and a wrong one is noticed", async () => {
  await verify(url, deployed.address, given);
  await assert.rejects(verify(url, deployed.address, { ...given, allowsDevelopment: false }), /has 1 for allowsDevelopment/);
  await assert.rejects(verify(url, from, given), /0 bytes of code/);
  const strict = await deploy(url, { allowsDevelopment: false, keys: [] }, { from });
  await verify(url, strict.address, { allowsDevelopment: false });
  await assert.rejects(register(url, strict.address, fs.readFileSync(given.keys[0]), from), /revert/);
});

test("a model is registered once", async () => {
  const [{ modelId, key, gasUsed }] = deployed.models;
  assert.equal(modelId, ts.readCalls(files[0]).modelId);
  assert.ok(gasUsed > 500_000, `${gasUsed} gas`);
  const again = await register(url, deployed.address, fs.readFileSync(given.keys[0]), from);
  assert.deepEqual(again, { modelId, key, gasUsed: 0 });
});

test("wrong arguments are refused before a transaction", () => {
  assert.throws(() => parseArguments({ ...given, allowsDevelopment: "true" }), /neither true nor false/);
  assert.throws(() => parseArguments({ ...given, keys: path }), /not a list/);
  assert.throws(() => parseArguments({ ...given, keys: [__filename] }), /not a verifying key/);
  assert.throws(() => parseArguments({ ...given, owner: from }), /unknown \[owner\]/);
  assert.throws(() => parseArguments({}), /missing \[allowsDevelopment,keys\]/);
});

test("an encrypted key deploys", async () => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "vouch-"));
  try {
    const secret = "0x" + "22".repeat(32);
    const passwordFile = path.join(directory, "password");
    fs.writeFileSync(passwordFile, "secret");
    cast("wallet", "import", "deployer", "--keystore-dir", directory, "--private-key", secret, "--unsafe-password", "secret");
    await rpc(url, "anvil_setBalance", cast("wallet", "address", secret), "0x" + (10n ** 20n).toString(16));
    const signer = { keystore: path.join(directory, "deployer"), passwordFile };
    assert.match((await deploy(url, { ...given, keys: [] }, signer)).address, /^0x[0-9a-fA-F]{40}$/);
    await assert.rejects(deploy(url, given, signer), /unlocked account/);
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
});

test("exported calls are accepted, changed ones are not", async () => {
  const [first, second] = files.map((file) => ts.readCalls(file));
  assert.ok(await ask(first.verify));
  assert.ok(await ask(ts.encodeVerify(second)));
  assert.ok(!(await ask(ts.encodeVerify({ ...first, nonce: `0x${"01".repeat(32)}` }))));
  assert.ok(await ask(ts.encodeVerifyMany([first, second, first])));
  assert.ok(!(await ask(ts.encodeVerifyMany([first, { ...second, publicValues: first.publicValues }]))));
});

test("calls are those that cast encodes from the ABI", () => {
  const [first, second] = files.map((file) => ts.readCalls(file));
  assert.equal(cast("calldata", "verify(bytes32,bytes,bytes,bytes32)", ...ts.verifyArgs(first)), first.verify);
  const [modelId, claims] = ts.verifyManyArgs([second, first]);
  const tuples = claims.map((claim) => `(${claim.proof},${claim.publicValues},${claim.nonce})`);
  const encoded = cast("calldata", "verifyMany(bytes32,(bytes,bytes,bytes32)[])", modelId, `[${tuples.join(",")}]`);
  assert.equal(ts.encodeVerifyMany([second, first]), encoded);
  const { abi } = JSON.parse(fs.readFileSync(path.join(root, "artifacts/VouchVerifier.json"), "utf8"));
  assert.deepEqual(ts.vouchVerifierAbi, abi);
});

test("files and answers of another form are refused", () => {
  const calls = JSON.parse(files[0]);
  assert.throws(() => ts.readCalls("[]"), /modelId is not hexadecimal/);
  assert.throws(() => ts.readCalls(null), /not an object/);
  assert.throws(() => ts.readCalls({ ...calls, proof: "0x1" }), /proof is not hexadecimal/);
  assert.throws(() => ts.readCalls({ ...calls, nonce: "0x01" }), /nonce has not 32 bytes/);
  assert.throws(() => ts.readCalls({ ...calls, proof: calls.proof.replace(/..$/, "") }), /not the call of these/);
  assert.throws(() => ts.verifyManyArgs([]), /no proofs/);
  assert.throws(() => ts.verifyManyArgs([calls, { ...calls, modelId: calls.nonce }]), /a proof of model/);
  for (const answer of ["0x", `0x${"0".repeat(63)}2`, "0x1"]) assert.throws(() => ts.decodeVerdict(answer), /not a verdict/);
  assert.equal(ts.scaleOf(0x4000000000000000n), 2);
});
