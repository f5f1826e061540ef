// The deposits page against a real chain (anvil), with a wallet whose transactions are real.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { accessible, DIST, fits, launch, open, picture } from "../browser.mjs";
import { start } from "../server.mjs";
import { validator } from "../validator.mjs";
import { calldata, cast, localChain, rpc, send, wallet } from "../wallet.mjs";

const ETHER = 10n ** 18n;
let browser;
let local;
let server;
const behaviour = {};
before(async () => {
  browser = await launch();
  local = await localChain({ days: 3 });
  const { contract, chainId, firstBlock, rpcUrl } = local.made;
  Object.assign(behaviour, { deposits: { contract, chain_id: chainId, first_block: firstBlock, rpc_url: "/v1/deposits/rpc" }, chain: rpcUrl });
  server = await serve(rpcUrl);
});
after(async () => {
  await browser?.close();
  await server?.close();
  await local?.chain.stop();
});

/** What serves the page and reads the chain at `rpcUrl`: a real validator if there is a program, else its double. */
function serve(rpcUrl) {
  const { contract, chainId, firstBlock } = made();
  if (!process.env.VOUCH_NODE) return start({ dist: DIST, behaviour: { ...behaviour, chain: rpcUrl } });
  const settings = { deposit_contract: contract, deposit_chain_id: chainId, deposit_rpc_url: rpcUrl, deposit_first_block: firstBlock, deposit_poll_ms: 500, deposit_confirmations: 2 };
  return validator({ node: process.env.VOUCH_NODE, dist: DIST, settings: Object.fromEntries(Object.entries(settings).map(([name, value]) => [`validator.${name}`, value])) });
}

const made = () => local.made;
const own = (data) => rpc(made().rpcUrl, "eth_call", { to: made().contract, data }, "latest");
const balance = async (account, token) => BigInt(await own(calldata("tokenBalance(address,address)", account, token)));
const from = (account, to, signature, ...args) => send(made().rpcUrl, account, to, calldata(signature, ...args));
const page_of = (account) => `${server.url}/deposits?account=${account}`;
const number = async (locator) => Number((await locator.innerText()).replaceAll(",", ""));

/** A door to the chain: it can be closed, and what comes through can be changed on the way. */
async function door(change = (answer) => answer) {
  const connections = new Set();
  const http = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts);
    const answer = await fetch(made().rpcUrl, { method: "POST", headers: { "content-type": "application/json" }, body });
    response.end(change(await answer.text(), JSON.parse(body)));
  });
  http.on("connection", (socket) => { connections.add(socket); socket.on("close", () => connections.delete(socket)); });
  const listen = (port) => new Promise((done) => http.listen(port, "127.0.0.1", done));
  await listen(0);
  const { port } = http.address();
  const close = () => { for (const socket of connections) socket.destroy(); return new Promise((done) => http.close(done)); };
  return { url: `http://127.0.0.1:${port}`, close, open: () => listen(port) };
}

/** Opens an account's page with its own wallet. */
async function connected(account, options) {
  const page = await open(browser, options);
  const own = await wallet(page, { url: made().rpcUrl, account });
  await page.goto(page_of(account));
  await page.locator("#deposit-amount").waitFor();
  return { page, own };
}

test("an account without a wallet: balances, points that tick, checked against the contract; history and chart", async () => {
  const page = await open(browser);
  await page.goto(page_of(made().account));
  await page.locator('#check[data-state="passed"]').waitFor();
  const [weth, restaked] = made().tokens;
  assert.equal(await page.locator(`[data-token="${weth.address}"] .deposited`).innerText(), "1.5");
  assert.equal(await page.locator(`[data-token="${restaked.address}"] .deposited`).innerText(), "12.5");
  assert.equal(await page.locator("#rate").innerText(), "14");
  const points = page.locator("#points-now");
  const first = await number(points);
  await page.waitForFunction((before) => Number(document.querySelector("#points-now").innerText.replaceAll(",", "")) > before, first);
  // What is shown is what the contract says when a block is made at that second.
  await rpc(made().rpcUrl, "evm_mine");
  const contract = Number(BigInt(await own(calldata("calculatePoints(address)", made().account)))) / 1e18;
  assert.ok(Math.abs((await number(points)) - contract) < 14 / 3600 * 8, `${await points.innerText()} is not about ${contract}`);
  assert.equal(await page.locator("#history-table tbody tr").count(), 3);
  assert.match(await page.locator("#history-table tbody tr").first().innerText(), /Withdrew 0.5 WETH/);
  assert.match(await page.locator(".chart-read").first().innerText(), /Latest: points [\d,]+/);
  assert.match(await page.locator("#read-only").innerText(), /Without a wallet/);
  await accessible(page, "deposits");
  await picture(page, "deposits-account");
  await page.done();
});

test("deposit from a test account, points tick, withdraw", async () => {
  const { newcomer, tokens: [weth] } = made();
  const { page } = await connected(newcomer);
  await page.getByText("This account has no deposits").waitFor();
  await accessible(page, "deposits, none");
  await picture(page, "deposits-none");
  await page.locator("#deposit-token").selectOption(weth.address);
  await page.locator("#deposit-amount").fill("2.5");
  await page.locator("#deposit-hint", { hasText: "may draw 0 WETH from the account so far: allow it 2.5 first" }).waitFor();
  assert.ok(await page.locator("#deposit-now").isDisabled(), "no deposit without an allowance");
  await page.locator("#allow").click();
  await page.locator("#deposit-report", { hasText: "Allowed" }).waitFor();
  await picture(page, "deposits-allowed");
  await page.locator("#deposit-now").click();
  await page.locator("#deposit-report", { hasText: "Deposited 2.5 WETH." }).waitFor();
  assert.equal(await balance(newcomer, weth.address), 25n * 10n ** 17n);
  await page.locator(`[data-token="${weth.address}"] .deposited`, { hasText: /^2.5$/ }).waitFor();
  await page.locator('#check[data-state="passed"]').waitFor();
  const first = await number(page.locator("#points-now"));
  await page.waitForFunction((before) => Number(document.querySelector("#points-now").innerText.replaceAll(",", "")) > before, first);
  await accessible(page, "deposits, wallet");

  await page.locator("#withdraw-token").selectOption(weth.address);
  await page.locator("#withdraw-amount").fill("1");
  await page.locator("#withdraw-hint", { hasText: "You get 1 WETH" }).waitFor();
  await page.locator("#withdraw-now").click();
  await page.locator("#withdraw-report", { hasText: "Withdrew 1 WETH." }).waitFor();
  assert.equal(await balance(newcomer, weth.address), 15n * 10n ** 17n);
  await page.locator("#withdraw-all").click();
  await page.locator("#withdraw-now").click();
  await page.locator("#withdraw-report", { hasText: "Withdrew 1.5 WETH." }).waitFor();
  assert.equal(await balance(newcomer, weth.address), 0n);
  assert.equal(BigInt(await rpc(made().rpcUrl, "eth_call", { to: weth.address, data: calldata("balanceOf(address)", newcomer) }, "latest")), 50n * ETHER);
  await page.locator("#history-table tbody tr").nth(2).waitFor();
  await page.locator("#withdraw-hint", { hasText: "nothing of this token" }).waitFor();
  await page.done();
});

test("amounts are refused with the reason, before a transaction", async () => {
  const { account: depositor, tokens: [weth] } = made();
  const { page, own } = await connected(depositor);
  await page.locator("#deposit-token").selectOption(weth.address);
  const cases = [
    ["1,5", /“,”|`,` is not part of an amount/],
    ["-1", /`-` is not part of an amount \(character 1\)/],
    ["1e3", /`e` is not part of an amount/],
    ["1.2.3", /at most one decimal point/],
    ["0", /The amount is zero/],
    ["0.1234567890123456789", /The token has 18 decimals, this amount has 19/],
    ["9".repeat(80), /too large/],
    ["1000", /The account has 48.5 WETH itself, which is less/],
  ];
  for (const [text, why] of cases) {
    await page.locator("#deposit-amount").fill(text);
    await page.locator("#deposit-error", { hasText: why }).waitFor();
    assert.ok(await page.locator("#allow").isDisabled() && await page.locator("#deposit-now").isDisabled(), text);
    if (text.startsWith("0.123")) {
      await accessible(page, "deposits, too many decimals");
      await picture(page, "deposits-decimals");
    }
  }
  // More than the allowance: allowed first.
  await page.locator("#deposit-amount").fill("40");
  await page.locator("#deposit-hint", { hasText: "may draw 38 WETH from the account so far: allow it 40 first" }).waitFor();
  assert.ok(await page.locator("#deposit-now").isDisabled() && await page.locator("#allow").isEnabled());
  await page.locator("#deposit-amount").fill("38");
  await page.locator("#deposit-hint", { hasText: "one transaction" }).waitFor();
  assert.ok(await page.locator("#deposit-now").isEnabled() && await page.locator("#allow").isDisabled());
  await page.locator("#withdraw-token").selectOption(weth.address);
  await page.locator("#withdraw-amount").fill("1.500000000000000001");
  await page.locator("#withdraw-error", { hasText: "The account has 1.5 WETH in the contract, which is less" }).waitFor();
  assert.ok(await page.locator("#withdraw-now").isDisabled());
  assert.ok(!own.asked.includes("eth_sendTransaction"), "nothing was sent");
  await page.done();
});

test("who says no in the wallet has sent nothing, and can say yes", async () => {
  const { account: depositor, tokens: [weth] } = made();
  const { page, own } = await connected(depositor);
  await page.locator("#deposit-token").selectOption(weth.address);
  await page.locator("#deposit-amount").fill("1");
  own.reject = true;
  await page.locator("#deposit-now").click();
  await page.locator("#deposit-report.bad", { hasText: "You have said no in the wallet; nothing was sent." }).waitFor();
  own.reject = false;
  await page.locator("#deposit-now").click();
  await page.locator("#deposit-report", { hasText: "Deposited 1 WETH." }).waitFor();
  await page.locator("#take-back").click();
  await page.locator("#deposit-report", { hasText: "The allowance is taken back." }).waitFor();
  await page.locator("#take-back").waitFor({ state: "hidden" });
  await page.done();
});

test("addresses: malformed ones are explained, good ones lead on", async () => {
  const page = await open(browser);
  await page.goto(`${server.url}/deposits`);
  await page.getByText("No account is chosen").waitFor();
  const cases = [
    ["3C44CdDdB6a900fa2b585dd299e03d12FA4293BC", /An address starts with 0x\./],
    ["0x3C44", /40 hexadecimal digits after 0x, this has 4/],
    ["0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BG", /`G` is not a hexadecimal digit \(character 42\)/],
    ["0x3c44CdDdB6a900fa2b585dd299e03d12FA4293BC", /The checksum of the address is wrong: check it, or copy it again\./],
    ["0x0000000000000000000000000000000000000000", /The zero address belongs to nobody/],
  ];
  for (const [text, why] of cases) {
    await page.locator("#account").fill(text);
    await page.locator("#show-account").click();
    await page.locator("#account-error", { hasText: why }).waitFor();
  }
  await accessible(page, "deposits, wrong address");
  await picture(page, "deposits-address");
  await page.locator("#account").fill(made().account.toLowerCase());
  await page.locator("#show-account").click();
  await page.locator('#check[data-state="passed"]').waitFor();
  assert.ok(page.url().endsWith(made().account), "with its checksum");
  await page.goBack();
  await page.getByText("No account is chosen").waitFor();
  await page.goto(page_of("0x3c44CdDdB6a900fa2b585dd299e03d12FA4293BC"));
  await page.locator("#account-error", { hasText: "checksum" }).waitFor();
  await page.done();
});

test("a wallet is connected when the user says so; other accounts are read-only; it may change its account", async () => {
  const { account: depositor, newcomer, rpcUrl } = made();
  const page = await open(browser);
  const own = await wallet(page, { url: rpcUrl, account: depositor, connected: false });
  await page.goto(`${server.url}/deposits`);
  own.reject = true;
  await page.locator("#connect").click();
  await page.locator("#wallet-said", { hasText: "You have said no" }).waitFor();
  own.reject = false;
  await page.locator("#connect").click();
  await page.locator("#deposit-amount").waitFor();
  assert.ok(page.url().endsWith(depositor));
  await page.goto(page_of(newcomer));
  await page.locator("#read-only", { hasText: "another account than the wallet's" }).waitFor();
  await own.choose(newcomer);
  await page.locator("#deposit-amount").waitFor();
  await page.done();
});

test("a wallet that comes after the page is found", async () => {
  const page = await open(browser);
  await wallet(page, { url: made().rpcUrl, account: made().account, late: true });
  await page.goto(page_of(made().account));
  await page.locator("#read-only", { hasText: "Without a wallet this page only reads" }).waitFor();
  await page.evaluate(() => window.walletComes());
  await page.locator("#deposit-amount").waitFor();
  await page.done();
});

test("wrong network: nothing can be sent until the wallet changes it", async () => {
  const { page, own } = await connected(made().account);
  await own.change("0x1");
  await page.locator("#wrong-chain", { hasText: "The wallet is on chain 1, the contract on chain 31337" }).waitFor();
  await page.locator("#read-only", { hasText: "Nothing can be sent until it is on chain 31337" }).waitFor();
  assert.equal(await page.locator("#deposit-now").count(), 0);
  await accessible(page, "deposits, wrong network");
  await picture(page, "deposits-wrong-network");
  own.reject = true;
  await page.locator("#switch").click();
  await page.locator("#wallet-said", { hasText: "You have said no" }).waitFor();
  own.reject = false;
  await page.locator("#switch").click();
  await page.locator("#deposit-amount").waitFor();
  assert.equal(await page.locator("#wrong-chain").count(), 0);
  await page.done();
});

test("RPC down: said at once, what was known stays, and it comes back; at the beginning too", async () => {
  const way = await door();
  const other = await serve(way.url);
  const page = await open(browser);
  await page.goto(`${other.url}/deposits?account=${made().account}`);
  await page.locator('#check[data-state="passed"]').waitFor();
  await way.close();
  await page.locator("#chain-state p", { hasText: /does not reach the chain's node: no connection.*What you see is of block \d+/ }).waitFor({ timeout: 10_000 });
  assert.ok(await page.locator("#points-now").isVisible(), "what was known stays");
  await page.locator("#link-state", { hasText: "validator answers" }).waitFor();
  await accessible(page, "deposits, RPC down");
  await picture(page, "deposits-rpc-down");
  await page.reload();
  await page.locator("#chain-state p", { hasText: "Trying again every two seconds" }).waitFor();
  await picture(page, "deposits-rpc-down-first");
  await way.open();
  await page.locator('#check[data-state="passed"]').waitFor({ timeout: 10_000 });
  await page.locator("#chain-state p", { hasText: "reach" }).waitFor({ state: "hidden" });
  await page.done();
  await other.close();
  await way.close();
});

test("a wallet that has changed its chain without a word is asked before it signs", async () => {
  const { account, tokens: [weth] } = made();
  const { page, own } = await connected(account);
  await page.locator("#withdraw-token").selectOption(weth.address);
  await page.locator("#withdraw-amount").fill("0.1");
  own.chainId = "0x1";
  await page.locator("#withdraw-now").click();
  await page.locator("#wrong-chain", { hasText: "The wallet is on chain 1" }).waitFor();
  assert.ok(!own.asked.includes("eth_sendTransaction"), "nothing was sent");
  await page.done();
});

test("a node that talks nonsense breaks nothing: what is wrong is said, and the page recovers", { timeout: 120_000 }, async () => {
  const nonsense = [
    () => "<html>busy</html>", () => "", () => "null", () => "[]", () => '{"result":null}', () => '{"result":{}}',
    () => '{"result":"0x"}', () => '{"result":"0xzz"}', () => '{"result":"0xé"}', () => '{"error":{"code":-1,"message":7}}',
    () => JSON.stringify({ error: { code: -32005, message: "x".repeat(100_000) } }),
    () => JSON.stringify({ error: { code: 3, message: "no", data: "0x12" } }),
    (answer) => answer.replace(/"0x[0-9a-f]{8,}"/g, (word) => `${word.slice(0, -34)}"`),
    (answer) => answer.replace(/"0x[0-9a-f]{8,}"/g, (word) => `"0x${"f".repeat(word.length - 4)}"`),
    (answer) => answer.replace(/"result":\[/, '"result":[{},'),
    (answer) => answer.replace(/"(blockNumber|blockTimestamp|logIndex)":"0x[0-9a-f]+"/g, '"$1":"0xffffffffffffffff"'),
    (answer) => answer.replace(/"transactionHash":"0x[0-9a-f]+"/g, '"transactionHash":"0x😀"'),
    (answer) => answer.replace(/"topics":\[[^\]]*\]/g, '"topics":[]'),
  ];
  // Words of the contract's own answer, made as large as they can be, one after the other.
  for (let word = 0; word < 44; word++) {
    nonsense.push((answer, { method }) => method !== "eth_call" ? answer : answer.replace(/"0x[0-9a-f]{2000,}"/, (text) => {
      const at = 3 + 64 * word;
      return at + 64 < text.length ? text.slice(0, at) + "f".repeat(64) + text.slice(at + 64) : text;
    }));
  }
  let change = (answer) => answer;
  const way = await door((answer, question) => change(answer, question));
  // The validator's double: a real one lets nobody ask so much in so short a time, and refuses some of this itself.
  const other = await start({ dist: DIST, behaviour: { ...behaviour, chain: way.url } });
  const page = await open(browser);
  const said = page.locator('#chain-state p, #check[data-state="failed"], #check[data-state="passed"], #no-deposits');
  for (change of nonsense) {
    await page.goto(`${other.url}/deposits?account=${made().account}`);
    await said.first().waitFor({ timeout: 10_000 }).catch((error) => { throw new Error(`${change}: ${error.message}`); });
    assert.ok((await page.locator("main").innerText()).length < 20_000, "what is shown of nonsense is short");
    assert.deepEqual(page.errors, [], String(change));
  }
  change = (answer) => answer;
  await page.locator('#check[data-state="passed"]').waitFor({ timeout: 10_000 });
  await page.done();
  await other.close();
  await way.close();
});

test("a claim: announced, carried out, in the history, and deposits stay", async (t) => {
  // The chain is two hours late, so that the delay can pass on it.
  const own = await localChain({ days: 3, timestamp: Math.floor(Date.now() / 1000) - 3 * 86_400 - 7200 });
  t.after(() => own.chain.stop());
  const { claimManager, account, contract, chainId, rpcUrl, tokens: [weth] } = own.made;
  const call = (to, signature, ...args) => send(rpcUrl, claimManager, to, calldata(signature, ...args));
  const other = await start({ dist: DIST, behaviour: { deposits: { contract, chain_id: chainId, rpc_url: "/v1/deposits/rpc" }, chain: rpcUrl } });
  const page = await open(browser);
  await page.goto(`${other.url}/deposits?account=${account}`);
  await page.locator('#check[data-state="passed"]').waitFor();
  const before = await number(page.locator("#points-now"));
  await call(contract, "announceClaim(address)", account);
  await page.locator("#pending-claim", { hasText: /points is announced.*can carry it out/ }).waitFor({ timeout: 10_000 });
  await rpc(rpcUrl, "evm_increaseTime", 3601);
  await call(contract, "executeClaim(address)", account);
  await page.locator("#pending-claim").waitFor({ state: "hidden", timeout: 10_000 });
  await page.locator("#history-table tbody tr", { hasText: /points were claimed/ }).waitFor({ timeout: 10_000 });
  await page.locator('#check[data-state="passed"]').waitFor({ timeout: 10_000 });
  assert.ok(await number(page.locator("#points-now")) < before / 2, "the points are gone");
  assert.equal(await page.locator(`[data-token="${weth.address}"] .deposited`).innerText(), "1.5", "the deposit is not");
  await accessible(page, "deposits, claimed");
  await picture(page, "deposits-claimed");
  await page.done();
  await other.close();
});

test("a node that lets nobody read all events: the validator's own record is shown, and said to be its word", { skip: process.env.VOUCH_NODE ? false : "VOUCH_NODE is not set" }, async () => {
  // Many nodes limit the blocks of a question; the page's names topics, the follower's does not.
  const way = await door((answer, { method, params }) => method === "eth_getLogs" && params[0].topics
    ? JSON.stringify({ error: { code: -32005, message: "query returned more than 10000 results" } }) : answer);
  const other = await serve(way.url);
  const page = await open(browser);
  await page.goto(`${other.url}/deposits?account=${made().account}`);
  await page.locator("#no-history", { hasText: "The chain's node refuses: query returned more than 10000 results." }).waitFor();
  await page.locator("#recorded", { hasText: /the validator's record, up to block \d+: its word/ }).waitFor();
  await page.locator("#history-table tbody tr", { hasText: /Withdrew 0.5 WETH.*396/ }).waitFor();
  await page.locator('#check[data-state="failed"]', { hasText: "they are not checked" }).waitFor();
  assert.ok(await page.locator("#points-now").isVisible());
  await accessible(page, "deposits, no events");
  await picture(page, "deposits-recorded");
  await page.done();
  await other.close();
  await way.close();
});

test("configurations that cannot work are explained", async () => {
  const deposits = behaviour.deposits;
  const cases = [
    [{ ...deposits, rpc_url: null }, "#unreadable", /no node of the chain configured/],
    [{ ...deposits, rpc_url: "https://node.example" }, "#unreadable", /the policy of this page does not allow/],
    [{ ...deposits, contract: "0x12" }, "#unreadable", /configured with a wrong address/],
    [{ ...deposits, chain_id: 1 }, "#chain-state p", /node is of chain 31337, but the contract is said to be on chain 1/],
    [{ ...deposits, contract: made().newcomer }, "#chain-state p", /There is no deposit contract at this address/],
    [{ ...deposits, contract: made().tokens[0].address }, "#chain-state p", /There is no deposit contract at this address/],
  ];
  for (const [deposits, place, why] of cases) {
    const other = await start({ dist: DIST, behaviour: { ...behaviour, deposits } });
    const page = await open(browser);
    await page.goto(`${other.url}/deposits?account=${made().account}`);
    await page.locator(place, { hasText: why }).waitFor();
    await page.locator("#contract-address").waitFor();
    await page.done();
    await other.close();
  }
});

for (const [width, scheme] of [[375, "dark"], [375, "light"], [1280, "dark"], [1280, "light"]]) {
  test(`the page with a wallet, ${width} px, ${scheme}`, async () => {
    const { page } = await connected(made().account, { viewport: { width, height: 812 }, colorScheme: scheme });
    await page.locator('#check[data-state="passed"]').waitFor();
    await page.locator("#deposit-amount").fill("0.5");
    await fits(page);
    await accessible(page, `deposits, ${width} px, ${scheme}`);
    await picture(page, `deposits-wallet-${width}-${scheme}`);
    await page.done();
  });
}

test("paused, off the list, unknown, a claim announced, the end: each is said, and withdrawal works throughout", async () => {
  const { owner, claimManager, account: depositor, contract: address, rpcUrl, tokens: [weth, restaked] } = made();
  const { page } = await connected(depositor);
  await page.goto(`${page_of(depositor)}&token=${owner}`);
  await page.locator("#deposit-error", { hasText: `The contract does not know the token ${owner}` }).waitFor();
  await page.goto(`${page_of(depositor)}&token=send-everything-to-0xbad`);
  await page.locator("#deposit-error", { hasText: "The link names no token: an address starts with 0x. Choose one of the list." }).waitFor();
  await page.locator("#deposit-token").selectOption(restaked.address);
  await page.locator("#deposit-error", { hasText: "no token" }).waitFor({ state: "hidden" });

  await from(owner, address, "pause()");
  await page.locator("#deposit-error", { hasText: "Deposits are paused" }).waitFor({ timeout: 10_000 });
  await picture(page, "deposits-paused");
  await page.locator("#withdraw-token").selectOption(weth.address);
  await page.locator("#withdraw-amount").fill("0.25");
  await page.locator("#withdraw-now").click();
  await page.locator("#withdraw-report", { hasText: "Withdrew 0.25 WETH." }).waitFor();
  await from(owner, address, "unpause()");
  await page.locator("#deposit-error", { hasText: "paused" }).waitFor({ state: "hidden", timeout: 10_000 });

  await from(owner, address, "removeToken(address)", restaked.address);
  await page.locator("#deposit-error", { hasText: "rETH.test cannot be deposited any more" }).waitFor({ timeout: 10_000 });
  await page.locator('#check[data-state="passed"]').waitFor();
  await from(owner, address, "addToken(address)", restaked.address);

  await from(claimManager, address, "announceClaim(address)", depositor);
  await page.locator("#pending-claim", { hasText: /A claim of [\d,.]+ points is announced.*can carry it out from/ }).waitFor({ timeout: 10_000 });
  await page.locator('#check[data-state="passed"]').waitFor();
  await accessible(page, "deposits, claim");
  await picture(page, "deposits-claim");
  await from(owner, address, "cancelClaim(address)", depositor);
  await page.locator("#pending-claim").waitFor({ state: "hidden", timeout: 10_000 });
  await page.locator("#history-table", { hasText: "was called off" }).waitFor();

  const { timestamp } = await rpc(rpcUrl, "eth_getBlockByNumber", "latest", false);
  const stop = Math.max(Number(timestamp), Math.floor(Date.now() / 1000)) + 6;
  await from(owner, address, "setDepositStopTime(uint48)", stop);
  await page.locator("#ends", { hasText: "Accrual ends at" }).waitFor({ timeout: 10_000 });
  await page.locator("#ends", { hasText: "Accrual has ended at" }).waitFor({ timeout: 15_000 });
  await page.locator("#deposit-error", { hasText: "Deposits have ended" }).waitFor();
  const mined = Number(await rpc(rpcUrl, "evm_mine").then(() => rpc(rpcUrl, "eth_blockNumber")));
  await page.locator('#check[data-state="passed"]', { hasText: `Block ${mined}:` }).waitFor({ timeout: 10_000 });
  const frozen = await page.locator("#points-now").innerText();
  await page.waitForTimeout(2500);
  assert.equal(await page.locator("#points-now").innerText(), frozen, "nothing accrues after the end");
  const points = cast("from-wei", String(BigInt(await own(calldata("calculatePoints(address)", depositor)))));
  assert.ok(points.startsWith(frozen.replaceAll(",", "").slice(0, -1)), `${points}, shown as ${frozen}`);
  await page.locator("#withdraw-all").click();
  await page.locator("#withdraw-now").click();
  await page.locator("#withdraw-report", { hasText: "Withdrew" }).waitFor();
  await picture(page, "deposits-ended");
  await page.done();
});
