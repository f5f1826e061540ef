// Against a real local network (`vouch-node local`), whose address is in VOUCH_URL. Without it these tests are skipped.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { checks, launch, open, picture, verdict } from "../browser.mjs";
import { withOtherOutput } from "../envelope.mjs";
import { proxy } from "../proxy.mjs";

const LIVE = process.env.VOUCH_URL;
const options = { skip: LIVE ? false : "VOUCH_URL is not set", timeout: 180_000 };
let browser;
before(async () => { if (LIVE) browser = await launch(); });
after(async () => { await browser?.close(); });

/** The identity of the model of a name. */
async function model(name) {
  const models = await (await fetch(`${LIVE}/v1/models`)).json();
  return models.find((model) => model.name === name).id;
}

async function ask(page, url, name = "staking-lstm") {
  await page.goto(`${url}/?model=${await model(name)}`);
  await page.locator("#fill-random").click();
  await page.locator("#ask").click();
  await page.locator("#verdict-word", { hasText: /Accepted|Refused/ }).waitFor({ timeout: 120_000 });
}

test("a real miner's proof is accepted, and its link leads to the same verdict", options, async () => {
  const page = await open(browser);
  await ask(page, LIVE);
  await verdict(page, "Accepted");
  await picture(page, "live-predict");
  await page.getByRole("link", { name: "Link to this proof" }).click();
  await verdict(page, "Accepted");
  assert.match(await page.locator('[data-check="nonce"]').innerText(), /as expected/);
  await page.done();
});

test("a real proof whose output is changed on the way is refused", options, async () => {
  const liar = await proxy(LIVE, (path, body) => {
    return path.endsWith("/envelope") ? withOtherOutput(body) : body;
  });
  const page = await open(browser);
  await ask(page, liar.url);
  await verdict(page, "Refused");
  assert.equal((await checks(page)).pairing, "failed");
  await page.done();
  await liar.close();
});

test("hidden inputs and private weights: the real network's proof shows the hashes that the page computed", options, async () => {
  const page = await open(browser);
  await ask(page, LIVE, "staking-lstm-hashed");
  await verdict(page, "Accepted");
  assert.match(await page.locator('[data-check="public inputs"]').innerText(), /8 hashed tensors, as expected/);
  assert.equal(await page.locator(".field .hidden-mark").count(), 8);
  await picture(page, "live-hidden");
  // The same model has private weights, and its page says so.
  await page.goto(`${LIVE}/models/${await model("staking-lstm-hashed")}`);
  assert.match(await page.locator("#weights").innerText(), /private: neither the key nor proofs tell them/);
  await page.done();
});

test("hidden outputs: the values of the real network are those of the proof's hash, and a changed one is refused", options, async () => {
  const page = await open(browser);
  await ask(page, LIVE, "tiny-hashed");
  await verdict(page, "Accepted");
  assert.equal(await page.locator("#answer .answer-number").count(), 2);
  assert.match(await page.locator('[data-check="public outputs"]').innerText(), /1 hashed tensor, as expected/);
  await page.done();
  const liar = await proxy(LIVE, (path, body) => {
    if (!path.endsWith("/outputs")) return body;
    const answer = JSON.parse(body);
    answer.outputs.y[0] += 1;
    return Buffer.from(JSON.stringify(answer));
  });
  const other = await open(browser);
  await ask(other, liar.url, "tiny-hashed");
  await verdict(other, "Refused");
  assert.equal((await checks(other))["public outputs"], "failed");
  await other.done();
  await liar.close();
});

test("the other pages show the real network", options, async () => {
  for (const [path, ready] of [["/miners", "#miners tbody tr"], ["/models", ".cheat"], ["/network", "#log-table tbody tr"]]) {
    const page = await open(browser);
    await page.goto(LIVE + path);
    await page.locator(ready).first().waitFor();
    await page.getByText("The same program, byte for byte.").waitFor();
    await picture(page, `live${path.replace("/", "-")}`);
    await page.done();
  }
});
