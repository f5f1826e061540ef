// The scripts, against a local chain: deployment, its verification, and what is refused before it.
const assert = require("node:assert/strict");
const { spawn, spawnSync } = require("node:child_process");
const { once } = require("node:events");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { after, before, test } = require("node:test");
const { cast, rpc } = require("../scripts/chain.js");
const { deploy, parseArguments, verify } = require("../scripts/deploy.js");
const { localChain } = require("../scripts/local-chain.js");

let chain, made, given;

before(async () => {
  ({ chain, made } = await localChain({ days: 3 }));
  const { owner, claimManager, tokens } = made;
  given = { owner, claimManager, claimDelay: 3600, depositStopTime: null, tokens: tokens.map((token) => token.address) };
});
after(() => chain?.stop());

test("the account has deposits, and points that fit them", async () => {
  const call = (signature, ...args) => cast("call", made.contract, signature, ...args, "--rpc-url", made.rpcUrl).split(" ")[0];
  const [weth, restaked] = given.tokens;
  assert.equal(call("tokenBalance(address,address)(uint256)", made.account, weth), "1500000000000000000");
  assert.equal(call("tokenBalance(address,address)(uint256)", made.account, restaked), "12500000000000000000");
  // 2 tokens for 48 hours, 1.5 for 24, 12.5 for 48, and a few seconds that the transactions took.
  const points = Number(BigInt(call("calculatePoints(address)(uint256)", made.account))) / 1e18;
  assert.ok(points >= 732 && points < 733, `${points} points`);
});

test("a deployment is verified, and a wrong one is noticed", async () => {
  const deployed = await deploy(made.rpcUrl, given, { from: made.owner });
  const args = parseArguments(given);
  await verify(made.rpcUrl, deployed.address, args);
  await assert.rejects(verify(made.rpcUrl, deployed.address, { ...args, claimDelay: 1n }), /claim delay 3600 .* expected 1/);
  await assert.rejects(verify(made.rpcUrl, deployed.address, { ...args, owner: made.account }), /owner\(\)/);
  await assert.rejects(verify(made.rpcUrl, given.tokens[0], args), /bytes of code/);
  const code = await rpc(made.rpcUrl, "eth_getCode", deployed.address, "latest");
  await rpc(made.rpcUrl, "anvil_setCode", deployed.address, code.slice(0, -2) + (code.endsWith("00") ? "01" : "00"));
  await assert.rejects(verify(made.rpcUrl, deployed.address, args), /is not that of/);
});

test("an encrypted key deploys", async () => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "vouch-"));
  try {
    const key = "0x" + "11".repeat(32);
    const passwordFile = path.join(directory, "password");
    fs.writeFileSync(passwordFile, "secret");
    cast("wallet", "import", "deployer", "--keystore-dir", directory, "--private-key", key, "--unsafe-password", "secret");
    await rpc(made.rpcUrl, "anvil_setBalance", cast("wallet", "address", key), "0x" + (10n ** 20n).toString(16));
    const deployed = await deploy(made.rpcUrl, given, { keystore: path.join(directory, "deployer"), passwordFile });
    assert.match(deployed.address, /^0x[0-9a-fA-F]{40}$/);
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
});

test("the command starts a chain, and ends with who started it", async () => {
  const script = path.join(__dirname, "../scripts/local-chain.js");
  const options = ["--port", "0", "--days", "1", "--tick", "1", "--attached"];
  const child = spawn(process.execPath, [script, ...options], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const [line] = await once(child.stdout.setEncoding("utf8"), "data");
  const told = JSON.parse(line);
  assert.deepEqual(Object.keys(told).slice(0, 6), ["rpcUrl", "chainId", "contract", "firstBlock", "tokens", "account"]);
  assert.equal(told.chainId, Number(await rpc(told.rpcUrl, "eth_chainId")));
  const code = (block) => rpc(told.rpcUrl, "eth_getCode", told.contract, "0x" + block.toString(16));
  assert.equal(await code(told.firstBlock - 1), "0x");
  assert.ok((await code(told.firstBlock)).length > 2, "the contract is there from its first block on");
  const call = (...args) => cast("call", ...args, "--rpc-url", told.rpcUrl);
  for (const { address, symbol, decimals } of told.tokens) {
    assert.equal(call(address, "symbol()(string)"), `"${symbol}"`);
    assert.equal(call(address, "decimals()(uint8)"), String(decimals));
    assert.notEqual(call(told.contract, "tokenBalance(address,address)(uint256)", told.account, address), "0");
  }
  // Its time is that of the world, and goes on.
  const time = async () => Number((await rpc(told.rpcUrl, "eth_getBlockByNumber", "latest", false)).timestamp);
  const first = await time();
  assert.ok(Math.abs(first - Date.now() / 1000) < 60, `${first}`);
  await new Promise((done) => setTimeout(done, 2500));
  assert.ok((await time()) > first);
  child.stdin.end();
  assert.equal((await ended)[0], 0);
  await assert.rejects(rpc(told.rpcUrl, "eth_chainId"), /fetch failed/);
});

test("wrong options of the command are refused", () => {
  const script = path.join(__dirname, "../scripts/local-chain.js");
  for (const options of [["--prot", "1"], ["--port"], ["--days", "x"], ["--tick", "-1"]]) {
    const { status, stderr, stdout } = spawnSync(process.execPath, [script, ...options], { encoding: "utf8" });
    assert.deepEqual([status, stdout], [1, ""], options.join(" "));
    assert.match(stderr, /^usage: /);
  }
});

test("wrong arguments are refused before a transaction", async () => {
  const refused = (changed, why) => assert.throws(() => parseArguments({ ...given, ...changed }), why);
  refused({ owner: "0x12" }, /owner is not an address/);
  const lower = made.owner.slice(2).replace(/[a-zA-Z]/, (c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase()));
  refused({ owner: `0x${lower}` }, /wrong checksum/);
  refused({ tokens: [given.tokens[0], given.tokens[0].toLowerCase()] }, /twice/);
  refused({ tokens: "x" }, /not a list/);
  refused({ claimDelay: 30 * 86400 + 1 }, /claimDelay/);
  refused({ claimDelay: 3599 }, /claimDelay/);
  refused({ claimDelay: 3600.5 }, /claimDelay/);
  refused({ stop: 1 }, /unknown \[stop\]/);
  assert.throws(() => parseArguments({}), /missing \[owner/);
  await assert.rejects(deploy(made.rpcUrl, { ...given, tokens: [made.account] }, { from: made.owner }), /no contract/);
});
