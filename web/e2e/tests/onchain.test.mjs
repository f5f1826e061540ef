// Check it on chain: the contract's answer about a proof, from a real chain (anvil), without a wallet.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { accessible, DIST, fits, launch, open, picture, verdict } from "../browser.mjs";
import { withOtherOutput } from "../envelope.mjs";
import { fixtures, start } from "../server.mjs";
import { validator } from "../validator.mjs";
import { create, deploy, register, rpc, startAnvil } from "../wallet.mjs";

const FIXTURES = fileURLToPath(new URL("../../../crates/verify/verifier/tests/fixtures", import.meta.url));
const KEY = join(FIXTURES, "evm.key");
const ENVELOPE = readFileSync(join(FIXTURES, "evm-0.envelope"));
let browser;
let chain;
let from;
let contract;
let server;
before(async () => {
  browser = await launch();
  chain = await startAnvil();
  [from] = await rpc(chain.url, "eth_accounts");
  ({ address: contract } = await deploy(chain.url, { allowsDevelopment: true, keys: [KEY] }, { from }));
  server = await serve();
});
after(async () => {
  await browser?.close();
  await server?.close();
  await chain?.stop();
});

/** What serves the page: a real validator if there is a program, since the worker's policy is in its headers, else its double. */
function serve() {
  const onchain = { contract, chain_id: 31337, rpc_url: chain.url };
  if (!process.env.VOUCH_NODE) return start({ dist: DIST, behaviour: { onchain } });
  const settings = Object.fromEntries(Object.entries(onchain).map(([name, value]) => [`validator.onchain.${name}`, value]));
  return validator({ node: process.env.VOUCH_NODE, dist: DIST, settings });
}

const FIELDS = { node: "#chain-node", contract: "#chain-contract", chain: "#chain-number" };

/** The page of a proof of the evm profile, with its key. */
async function page_of(envelope = ENVELOPE, { query = "", key = KEY, ...options } = {}) {
  const page = await open(browser, options);
  await page.goto(`${server.url}/verify${query}`);
  await page.locator("#envelope-text").fill(envelope.toString("hex"));
  await page.locator("#key-wanted").waitFor();
  await page.locator("#envelope-file").setInputFiles(key);
  await page.locator("#on-chain").waitFor();
  return page;
}

async function ask(page, fields = {}) {
  for (const [name, value] of Object.entries(fields)) await page.locator(FIELDS[name]).fill(value);
  await page.locator("#ask-chain").click();
}

const word = (page, text) => page.locator("#chain-word").getByText(text, { exact: true }).waitFor();
const obstacle = async (page, pattern) => page.locator("#chain-obstacle").filter({ hasText: pattern }).waitFor();

test("a proof is valid on chain, at the place that the validator proposes", async () => {
  const page = await page_of();
  await verdict(page, "Accepted");
  await page.waitForFunction(() => document.querySelector("#chain-node").value !== "");
  assert.deepEqual(await Promise.all(Object.values(FIELDS).map((field) => page.locator(field).inputValue())), [chain.url, contract, "31337"]);
  await ask(page);
  await word(page, "Valid");
  const said = await page.locator("#chain-gas").innerText();
  const gas = Number(/about ([\d,]+) gas/.exec(said)[1].replaceAll(",", ""));
  // What the chain says of the call that `vouch export --evm` wrote.
  const { verify } = JSON.parse(readFileSync(fileURLToPath(new URL("../../../contracts/test/calls/evm-0.json", import.meta.url))));
  assert.equal(gas, Number(await rpc(chain.url, "eth_estimateGas", { to: contract, data: verify })));
  await accessible(page, "on chain");
  await picture(page, "verify-on-chain");
  await page.done();
});

test("a tampered proof is refused on chain, too", async () => {
  const lie = await page_of(withOtherOutput(ENVELOPE));
  await verdict(lie, "Refused");
  await ask(lie);
  await word(lie, "Not valid");
  await lie.getByText("`verify` returns false").waitFor();
  await lie.locator("#chain-gas").waitFor();
  await accessible(lie, "on chain, not valid");
  await picture(lie, "verify-on-chain-refused");
  await lie.done();

  // The last byte of the proof: no such point is on the curve.
  const bytes = Buffer.from(ENVELOPE);
  bytes[bytes.length - 1] ^= 1;
  const point = await page_of(bytes);
  await verdict(point, "Refused");
  await ask(point);
  await word(point, "Refused");
  await point.getByText("reverts with MessageNotCanonical").waitFor();
  assert.equal(await point.locator("#chain-gas").count(), 0);
  await point.done();
});

test("a key that is not registered is said, with what to do", async () => {
  const strict = await deploy(chain.url, { allowsDevelopment: false, keys: [] }, { from });
  const page = await page_of();
  await ask(page, { contract: strict.address });
  await word(page, "Key not registered");
  await page.getByText("`vouch export proof.vouch --evm verifier.key -o calls.json`").waitFor();
  await page.getByText("takes no keys of development setups").waitFor();
  const other = await deploy(chain.url, { allowsDevelopment: true, keys: [] }, { from });
  await ask(page, { contract: other.address });
  await word(page, "Key not registered");
  await register(chain.url, other.address, readFileSync(KEY), from);
  await ask(page);
  await word(page, "Valid");
  await page.done();
});

test("a node that is away, another chain and another contract each say what to do", async () => {
  const page = await page_of();
  await ask(page, { node: "http://127.0.0.1:9", contract, chain: "" });
  await obstacle(page, /does not answer this page\. Check that its address is right and that it runs\./);
  await accessible(page, "on chain, no node");
  await ask(page, { node: chain.url, chain: "1" });
  await obstacle(page, /The node is of chain 31337, but the contract is on chain 1\. Give a node of chain 1/);
  await ask(page, { chain: "", contract: from });
  await obstacle(page, /There is no contract at this address on chain 31337\. Check the address/);
  // A contract that returns 1 to whatever it is asked.
  const yes = (await create(chain.url, "0x600a600c600039600a6000f3600160005260206000f3", { from })).contractAddress;
  assert.equal(await rpc(chain.url, "eth_call", { to: yes, data: "0x" }, "latest"), `0x${"0".repeat(63)}1`);
  await ask(page, { contract: yes });
  await obstacle(page, /is not VouchVerifier as this release has it, so it was not asked/);
  await ask(page, { contract });
  await word(page, "Valid");
  assert.equal(await page.locator("#chain-obstacle").count(), 0);
  await page.done();
});

test("servers that are no nodes are explained", async () => {
  const answers = [[404, "not here", /answers with status 404/], [200, "<html>hello</html>", /not JSON/], [200, "x".repeat(2 << 20), /too long/], [429, '{"error":{"message":"slow down"}}', /The node refuses: slow down/]];
  let now;
  const http = createServer((request, response) => {
    response.writeHead(request.method === "OPTIONS" ? 204 : now[0], { "access-control-allow-origin": "*", "access-control-allow-headers": "*" });
    response.end(request.method === "OPTIONS" ? "" : now[1]);
  });
  await new Promise((done) => http.listen(0, "127.0.0.1", done));
  const page = await page_of();
  for (now of answers) {
    await ask(page, { node: `http://127.0.0.1:${http.address().port}`, contract, chain: "" });
    await obstacle(page, now[2]);
  }
  http.closeAllConnections();
  await new Promise((done) => http.close(done));
  await page.done();
});

test("fields that cannot be right are marked, and nothing is asked", async () => {
  const page = await page_of();
  await ask(page, { node: "node.example", contract: "0x12", chain: "main" });
  await page.locator("#chain-node-error", { hasText: "starts with https:// or http://" }).waitFor();
  await page.locator("#chain-contract-error", { hasText: "40 hexadecimal digits" }).waitFor();
  await page.locator("#chain-number-error", { hasText: "A chain has a number" }).waitFor();
  await accessible(page, "on chain, mistyped");
  assert.equal((await page.locator("#chain-said").innerText()).trim(), "");
  await page.done();
});

test("a link can say where to ask, and what was used last is kept", async () => {
  const query = `?rpc=${encodeURIComponent(chain.url)}&contract=${contract}&chain=1`;
  const page = await page_of(ENVELOPE, { query });
  assert.equal(await page.locator(FIELDS.chain).inputValue(), "1");
  await ask(page, { chain: "31337" });
  await word(page, "Valid");
  await page.goto(`${server.url}/verify`);
  await page.locator("#envelope-text").fill(ENVELOPE.toString("hex"));
  await page.locator("#key-wanted").waitFor();
  await page.locator("#envelope-file").setInputFiles(KEY);
  await page.locator("#on-chain").waitFor();
  assert.equal(await page.locator(FIELDS.contract).inputValue(), contract);
  await page.done();
});

test("a proof of another profile says why no contract can check it", async () => {
  const key = join(mkdtempSync(join(tmpdir(), "vouch-e2e-")), "verifier.key");
  writeFileSync(key, fixtures().smallKey);
  const page = await page_of(fixtures().smallEnvelope, { key });
  await page.locator("#not-on-chain", { hasText: "`vouch setup --profile evm`" }).waitFor();
  assert.equal(await page.locator("#ask-chain").count(), 0);
  await accessible(page, "on chain, other profile");
  await page.done();
});

test("the page itself reaches no other address", async () => {
  const page = await page_of();
  const blocked = await page.evaluate((url) => fetch(url, { method: "POST" }).then(() => false, () => true), chain.url);
  assert.ok(blocked);
  const said = page.errors.splice(0);
  assert.ok(said.length > 0 && said.every((error) => /Content Security Policy/.test(error)), said.join());
  await page.done();
});

test("375 px", async () => {
  const page = await page_of(ENVELOPE, { viewport: { width: 375, height: 812 } });
  await ask(page, { node: chain.url, contract, chain: "31337" });
  await word(page, "Valid");
  await fits(page);
  await picture(page, "verify-on-chain-375");
  await page.done();
});

// What `cargo xtask demo` leaves on its chain: the default model's forecast, which a contract has paid for.
const paid = process.env.VOUCH_FORECAST;
test("the forecast that a vault has paid for is valid on chain", { skip: !paid && "no VOUCH_FORECAST" }, async () => {
  const asked = JSON.parse(readFileSync(join(paid, "asked.json")));
  assert.ok(existsSync(join(paid, "forecast.proof")));
  const key = join(paid, "verifier.key");
  const page = await page_of(readFileSync(join(paid, "forecast.proof")), { key, query: `?nonce=${asked.nonce.slice(2)}` });
  await verdict(page, "Accepted");
  await ask(page, { node: asked.rpcUrl, contract: asked.verifier, chain: String(asked.chainId) });
  await word(page, "Valid");
  const gas = Number(/about ([\d,]+) gas/.exec(await page.locator("#chain-gas").innerText())[1].replaceAll(",", ""));
  assert.ok(gas > 300_000 && gas < 450_000, `${gas} gas`);
  await picture(page, "verify-forecast-on-chain");
  await page.done();
});
