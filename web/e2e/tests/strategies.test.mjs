// Strategies against a real local network, whose address is in VOUCH_URL: forecasts and an allocation, proved by miners, and a chain that this
// browser verifies. Without it these tests are skipped.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { accessible, fits, launch, open, picture, steady, verdict, watchShifts } from "../browser.mjs";
import { outputs } from "../envelope.mjs";
import { proxy } from "../proxy.mjs";

const LIVE = process.env.VOUCH_URL;
const options = { skip: LIVE ? false : "VOUCH_URL is not set", timeout: 300_000 };
const TOKENS = 6;
let browser;
/** The strategy of the first test; others look at it again. */
let id;
before(async () => { if (LIVE) browser = await launch(); });
after(async () => { await browser?.close(); });

const numbers = (texts) => texts.map((text) => Number(text));
const attributes = (locator, name) => locator.evaluateAll((all, name) => all.map((one) => one.getAttribute(name)), name);
const json = async (path) => (await fetch(LIVE + path)).json();

/** Waits for the verdict on the whole chain. */
async function judged(page) {
  await page.locator("#verdict-word", { hasText: /Accepted|Refused|Could not/ }).waitFor({ timeout: 240_000 });
}

/** Opens the strategy of the first test. */
async function again(page, url = LIVE) {
  await page.goto(`${url}/strategies/${id}`);
  await judged(page);
}

test("horizon and risk in, shares and a verified chain of proofs out", options, async () => {
  const page = await open(browser);
  await watchShifts(page);
  await page.goto(`${LIVE}/strategies`);
  await page.locator("#ask-strategy").waitFor();
  assert.match(await page.locator("#notice").innerText(), /no financial advice/);
  await page.locator("#horizon").fill("21");
  assert.equal(await page.locator("#horizon-slider").inputValue(), "21");
  await page.locator("#risk-slider").fill("0.7");
  assert.equal(await page.locator("#risk").inputValue(), "0.7");
  await page.locator("#ask-strategy").click();
  assert.equal(await page.locator("#strategy-steps li").count(), TOKENS + 2);
  // All lines are there before their proofs are.
  assert.equal(await page.locator("#chain [data-proof]").count(), TOKENS + 1);
  assert.equal(await page.locator("#shares tbody tr").count(), TOKENS);
  await judged(page);
  await verdict(page, "Accepted");
  await steady(page);

  // One line a proof and a link, each with its own time.
  assert.equal(await page.locator("#chain [data-proof].passed").count(), TOKENS + 1);
  assert.equal(await page.locator("#chain [data-link].passed").count(), TOKENS);
  for (const time of await page.locator("#chain [data-proof] .check-time").allInnerTexts()) assert.match(time, /^[\d.]+\sms$/);
  for (const time of await page.locator("#chain [data-link] .check-time").allInnerTexts()) assert.match(time, /^[\d.]+\sms$/);
  assert.match(await page.locator("#verdict-time").innerText(), /7 proofs and 6 links, by your browser, in [\d.]+\sms/);
  assert.equal(await page.locator('#chain [data-proof="0"] [data-check]').count(), 8);

  // What is shown is what the chain says: each number against the validator's API and the market's file.
  id = new URL(await page.getByRole("link", { name: "Link to this strategy" }).evaluate((a) => a.href)).pathname.split("/").at(-1);
  const record = await json(`/v1/strategies/${id}`);
  assert.deepEqual([record.horizon, record.risk], [21, 0.7]);
  const names = record.market.tokens.map((token) => token.name);
  assert.deepEqual(await page.locator("#shares tbody th").allInnerTexts(), names);
  const shares = numbers(await attributes(page.locator("#shares tbody tr"), "data-share"));
  const sum = shares.reduce((a, b) => a + b);
  // What models/restaking-allocation/README.md states.
  assert.ok(Math.abs(sum - 1) < 1.5e-4, `the shares sum to ${sum}`);
  assert.ok(shares.every((share) => share > -1e-3 && share < 1));
  const widths = await page.locator(".share-bar").evaluateAll((bars) => bars.map((bar) => bar.getBoundingClientRect().width));
  const largest = shares.indexOf(Math.max(...shares));
  assert.equal(widths.indexOf(Math.max(...widths)), largest);
  const rows = await page.locator("#shares tbody tr").allInnerTexts();
  for (const [token, row] of rows.entries()) {
    const envelope = Buffer.from(await (await fetch(`${LIVE}/v1/proofs/${record.steps[token].proof_id}/envelope`)).arrayBuffer());
    assert.match(row, new RegExp(`${(outputs(envelope)[0] / 512).toFixed(1).replace("-", "\u2212")}\u00a0h`));
    assert.ok(row.includes(`${record.market.tokens[token].allocation.yield_pct.toFixed(2)}\u00a0%/year`));
  }
  assert.match(await page.locator("#expected-yield").innerText(), /^\u2212?[\d.]+\s*%\/year$/);
  assert.match(await page.locator("#market-note").innerText(), /The market data is simulated: models\/restaking-allocation\/market.py/);
  await accessible(page, "strategies");
  await picture(page, "strategies");
  await page.done();
});

test("its address shows the same strategy, on a telephone in the dark too", options, async () => {
  for (const [width, scheme] of [[1280, "light"], [375, "dark"]]) {
    const page = await open(browser, { viewport: { width, height: 812 }, colorScheme: scheme });
    await again(page);
    await verdict(page, "Accepted");
    assert.equal(await page.locator("#horizon").inputValue(), "21");
    await page.locator("#swings tbody tr").first().waitFor();
    await fits(page);
    await accessible(page, `a strategy, ${width} px, ${scheme}`);
    await picture(page, `strategy-${width}-${scheme}`);
    await page.done();
  }
});

test("every way to cheat is refused, and the page says which proof or link is wrong", options, async () => {
  const page = await open(browser);
  await again(page);
  const expected = {
    forecast: /proof 1 \(Forecast for \S+\) by pairing/,
    linked: /proof 7 \(Allocation\) by pairing/,
    both: /proof 1 \(Forecast for \S+\) by pairing, at proof 7 \(Allocation\) by pairing/,
    share: /proof 7 \(Allocation\) by pairing/,
    swap: /proof 1 \(Forecast for \S+\) by (nonce|public inputs)/,
    unlink: /the chain's links/,
    drop: /the chain's proofs/,
  };
  for (const [cheat, place] of Object.entries(expected)) {
    const card = page.locator(`[data-cheat="${cheat}"]`);
    await card.getByRole("button").click();
    await card.locator("strong", { hasText: "Refused" }).waitFor({ timeout: 30_000 });
    assert.match(await card.locator(".cheat-result").innerText(), place, cheat);
  }
  await page.done();
});

test("what comes changed from the validator is refused, and where is said", options, async () => {
  const lies = [
    // The market data is not what the forecasts were made from.
    [(path, body) => record(path, body, (r) => { r.market.tokens[2].forecast.queue_position_eth[0] += 1; }), /proof 3 \(Forecast for \S+\) by public inputs/],
    [(path, body) => record(path, body, (r) => { r.market.tokens[4].allocation.yield_pct += 0.5; }), /proof 7 \(Allocation\) by public inputs/],
    // Proofs of another request.
    [(path, body) => record(path, body, (r) => { r.steps[1].nonce = r.steps[0].nonce; }), /proof 2 \(Forecast for \S+\) by nonce/],
    // A chain that claims other links.
    [(path, body) => path.endsWith("/chain") ? body.subarray(0, body.length - 7) : body, /the chain's format/],
    [(path, body) => { if (path.endsWith("/chain")) { body = Buffer.from(body); body[body.length >> 1] ^= 1; } return body; }, /proof \d \(/],
  ];
  for (const [lie, place] of lies) {
    const liar = await proxy(LIVE, lie);
    const page = await open(browser);
    await again(page, liar.url);
    await verdict(page, "Refused");
    assert.match((await page.locator(".refusal").allInnerTexts()).join("\n"), place);
    // Nothing of it looks like an answer.
    if (await page.locator("#expected-yield").count()) assert.match(await page.locator("#expected-yield").getAttribute("class"), /withheld/);
    assert.match(await page.locator("#what-if").innerText(), /Shown for recommendations that your browser has accepted/);
    await page.done();
    await liar.close();
  }
});

test("a strategy for another horizon than the one that was typed is refused", options, async () => {
  const liar = await proxy(LIVE, (path, body) => body, {
    request: (path, body) => path === "/v1/strategies" ? Buffer.from(JSON.stringify({ ...JSON.parse(body), horizon: 45 })) : body,
  });
  const page = await open(browser);
  await page.goto(`${liar.url}/strategies`);
  await page.locator("#horizon").fill("14");
  await page.locator("#ask-strategy").click();
  await judged(page);
  await verdict(page, "Refused");
  assert.match((await page.locator(".refusal").allInnerTexts()).join("\n"), /proof 7 \(Allocation\) by public inputs/);
  await page.done();
  await liar.close();
});

test("what changes the result: labelled as not proved, larger steps reach further, only for the same model", options, async () => {
  const page = await open(browser);
  await again(page);
  const rows = page.locator("#swings tbody tr");
  await rows.first().waitFor();
  assert.match(await page.locator("#what-if").innerText(), /Not proved\./);
  assert.match(await page.locator("#what-if-distance").innerText(), /the float model is [\d.]+( × 10\S+)? percentage points from the proved shares at most, and [\d.]+( × 10\S+)? %\/year from the proved yield/);
  await page.getByRole("button", { name: "Show all inputs" }).click();
  assert.equal(await rows.count(), 7 * TOKENS + 2);
  const reach = async () => numbers(await attributes(rows, "data-reach"));
  const medium = await reach();
  assert.ok(medium.every((value, index) => index === 0 || value <= medium[index - 1] + 1e-12), "the largest first");
  await page.locator("#what-if-step").selectOption("0.1");
  await page.waitForFunction((before) => document.querySelector("#swings tbody tr").dataset.reach !== before, String(await rows.first().getAttribute("data-reach")), { timeout: 5000 }).catch(() => {});
  const large = await reach();
  await page.locator("#what-if-step").selectOption("0.01");
  const small = await reach();
  const total = (all) => all.reduce((a, b) => a + b);
  assert.ok(total(large) > total(medium) && total(medium) > total(small), `${total(small)}, ${total(medium)}, ${total(large)}`);
  // Of a share, in points.
  await page.locator("#what-if-target").selectOption("1");
  assert.match(await rows.first().innerText(), /points/);
  await page.done();

  // Constants of another network: nothing is shown of it.
  const other = await proxy(LIVE, (path, body) => path.endsWith(".network.json") ? Buffer.from(String(body).replace('"score":6.0', '"score":-6.0')) : body);
  const second = await open(browser);
  await again(second, other.url);
  await verdict(second, "Accepted");
  await second.locator("#what-if-none", { hasText: "gives another result" }).waitFor();
  assert.equal(await second.locator("#swings").count(), 0);
  await second.done();
  await other.close();
});

test("the saved files hold on the command line", { ...options, skip: options.skip || (process.env.VOUCH_BIN ? false : "VOUCH_BIN is not set") }, async () => {
  const page = await open(browser, { acceptDownloads: true });
  await again(page);
  const dir = mkdtempSync(join(tmpdir(), "vouch-strategy-"));
  try {
    for (const label of ["Save the chain", "Save the forecast's key", "Save the allocation's key", "Save what is expected"]) {
      const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: label }).click()]);
      await download.saveAs(join(dir, download.suggestedFilename()));
    }
    const command = (await page.locator(".command").innerText()).split(/\s+/).slice(1);
    const said = JSON.parse(execFileSync(process.env.VOUCH_BIN, ["--json", ...command], { cwd: dir, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
    assert.equal(said.accepted, true);
    const shares = said.claims.at(-1).outputs.shares.flat();
    assert.deepEqual(numbers(await attributes(page.locator("#shares tbody tr"), "data-share")), shares);
    writeFileSync(join(dir, "expected.json"), readFileSync(join(dir, "expected.json"), "utf8").replace(/"start": 0/, '"start": 1'));
    assert.throws(() => execFileSync(process.env.VOUCH_BIN, ["--json", ...command], { cwd: dir, stdio: "ignore" }));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  await page.done();
});

test("wishes out of range, an unknown address, and a validator without strategies", options, async () => {
  const page = await open(browser);
  await page.goto(`${LIVE}/strategies`);
  await page.locator("#horizon").fill("3");
  await page.locator("#horizon-error", { hasText: "A number from 7 to 60" }).waitFor();
  assert.ok(await page.locator("#ask-strategy").isDisabled());
  await page.locator("#horizon").fill("thirty");
  assert.ok(await page.locator("#ask-strategy").isDisabled());
  await page.locator("#horizon").fill("30");
  assert.ok(await page.locator("#ask-strategy").isEnabled());
  await page.goto(`${LIVE}/strategies/${"0".repeat(32)}`);
  await page.locator("#strategy-failure", { hasText: "knows no strategy of this address" }).waitFor();
  await page.done();
});

/** Changes the account of a strategy. */
function record(path, body, change) {
  if (!/^\/v1\/strategies\/[0-9a-f]+$/.test(path)) return body;
  const told = JSON.parse(body);
  change(told);
  return Buffer.from(JSON.stringify(told));
}
