// Facts about a hidden input, proved in the browser: against a real local network (VOUCH_URL), whose validator serves the keys. Without it these
// tests are skipped.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { accessible, fits, launch, open, picture, verdict } from "../browser.mjs";

const LIVE = process.env.VOUCH_URL;
const options = { skip: LIVE ? false : "VOUCH_URL is not set", timeout: 300_000 };
const TENSOR = "queue_position_eth";
const NONCE = "1d".repeat(32);
const folder = mkdtempSync(join(tmpdir(), "vouch-disclose-"));
let browser;
/** The file that the page saved for the holder, and the proof of the prediction. */
let opening, original;

async function saved(page, button, name) {
  const [download] = await Promise.all([page.waitForEvent("download"), button.click()]);
  const file = join(folder, name);
  await download.saveAs(file);
  return file;
}

before(async () => {
  if (!LIVE) return;
  browser = await launch();
  const models = await (await fetch(`${LIVE}/v1/models`)).json();
  const page = await open(browser);
  await page.goto(`${LIVE}/?model=${models.find((model) => model.name === "staking-lstm-hashed").id}`);
  await page.locator("#fill-sample").click();
  await page.locator("#ask").click();
  await page.locator("#verdict-word", { hasText: /Accepted|Refused/ }).waitFor({ timeout: 120_000 });
  await verdict(page, "Accepted");
  const button = page.locator(`[data-hidden="${TENSOR}"]`).getByRole("button", { name: "Save what you need to recognize this proof" });
  opening = await saved(page, button, "opening.json");
  await page.getByRole("link", { name: "Link to this proof" }).click();
  await page.waitForURL(/\/verify\//);
  const id = new URL(page.url()).pathname.split("/").pop();
  original = join(folder, "original.vouch");
  writeFileSync(original, Buffer.from(await (await fetch(`${LIVE}/v1/proofs/${id}/envelope`)).arrayBuffer()));
  await page.done();
});
after(async () => { await browser?.close(); });

/** The page with the holder's file. */
async function holder(more) {
  const page = await open(browser, more);
  await page.goto(`${LIVE}/disclose`);
  await page.locator("#opening-file").setInputFiles(opening);
  await page.locator("#fact-form").waitFor();
  return page;
}

/** Proves the fact that was chosen, and saves the proof. */
async function proved(page, name) {
  await page.locator("#fact-prove").click();
  await page.locator("#fact-made").waitFor({ timeout: 120_000 });
  console.log(await page.locator("#fact-times").innerText());
  return saved(page, page.getByRole("button", { name: "Save the proof of this fact" }), name);
}

async function outcome(page, word) {
  await page.locator("#check-verdict", { hasText: word }).waitFor({ timeout: 30_000 });
  return page.locator("#check-about").innerText();
}

test("a range of a value is proved here and accepted against the proof of the prediction", options, async () => {
  const page = await holder();
  const requests = [];
  page.on("request", (request) => requests.push({ url: request.url(), body: request.postData() ?? "" }));
  await page.locator("#fact-index").selectOption("2");
  await page.getByLabel("that it is within a range").check();
  await page.locator("#fact-lo").fill("0");
  await page.locator("#fact-hi").fill("250000");
  await page.locator("#fact-nonce").fill(NONCE);
  await accessible(page, "disclose, holder");
  const fact = await proved(page, "range.vouch");
  const words = await page.locator("#fact-words").innerText();
  assert.match(words, /^value 3 of queue position eth is from 0 to 250,000 ETH$/);
  // The prover was loaded for this, and neither values nor salt went out.
  assert.ok(requests.some(({ url }) => url.endsWith("/assets/prover/vouch_prover.wasm")));
  const { salt } = JSON.parse(readFileSync(opening, "utf8"));
  assert.ok(requests.every(({ url, body }) => !url.includes(salt) && !body.includes(salt)));

  await page.locator("#fact-file").setInputFiles(fact);
  assert.match(await outcome(page, "Accepted"), /only a proof of a prediction with this hash says/);
  await page.locator("#original-file").setInputFiles(original);
  await page.locator("#check-about", { hasText: "which is the one that you gave" }).waitFor();
  assert.equal(await page.locator("#check-words").innerText(), words);
  await accessible(page, "disclose, checked");
  await picture(page, "disclose");

  await page.getByText("Or the hash alone").click();
  await page.locator("#check-nonce").fill("2d".repeat(32));
  await page.locator("#check-nonce").blur();
  assert.match(await outcome(page, "Refused"), /nonce/);
  await page.locator("#check-nonce").fill(NONCE);
  await page.locator("#check-nonce").blur();
  await outcome(page, "Accepted");
  await page.locator("#check-hash").fill("00".repeat(32));
  await page.locator("#check-hash").blur();
  await page.locator("#check-failed", { hasText: "another hash than the one that you typed" }).waitFor();
  await page.done();
});

test("the value itself is shown; a changed proof and another hash are refused", options, async () => {
  const page = await holder({ viewport: { width: 375, height: 812 } });
  await page.locator("#fact-index").selectOption("4");
  const fact = await proved(page, "value.vouch");
  const words = await page.locator("#fact-words").innerText();
  const { values } = JSON.parse(readFileSync(opening, "utf8"));
  assert.match(words, /^value 5 of queue position eth is [0-9.,]+ ETH$/);
  await fits(page);

  await page.locator("#fact-file").setInputFiles(fact);
  await page.locator("#original-file").setInputFiles(original);
  await page.locator("#check-about", { hasText: "which is the one that you gave" }).waitFor();
  // The last message of the proof, and the value that it states.
  const bytes = readFileSync(fact);
  const changed = Buffer.from(bytes);
  changed[changed.length - 1] ^= 1;
  writeFileSync(join(folder, "changed.vouch"), changed);
  await page.locator("#fact-file").setInputFiles(join(folder, "changed.vouch"));
  await outcome(page, "Refused");
  await page.locator("#fact-file").setInputFiles(fact);
  await outcome(page, "Accepted");
  // What is no proof of a fact, and no proof at all.
  await page.locator("#fact-file").setInputFiles(original);
  await page.locator("#check-failed", { hasText: "no proof of a fact" }).waitFor();
  await page.locator("#fact-file").setInputFiles(opening);
  await page.locator("#check-failed", { hasText: "not a proof" }).waitFor();
  assert.equal(values.length, 5);
  await page.done();
});

test("what is false has no proof, and a damaged file is no opening", options, async () => {
  const page = await holder();
  await page.getByLabel("that it is within a range").check();
  for (const [lo, hi, reason] of [["299999", "300000", "no proof of it"], ["2", "1", "No fact"], ["x", "1", "not a number"]]) {
    await page.locator("#fact-lo").fill(lo);
    await page.locator("#fact-hi").fill(hi);
    await page.locator("#fact-prove").click();
    await page.locator("#prove-failed", { hasText: reason }).waitFor();
  }
  const file = JSON.parse(readFileSync(opening, "utf8"));
  const damaged = join(folder, "damaged.json");
  writeFileSync(damaged, JSON.stringify({ ...file, values: [file.values[0] + 1, ...file.values.slice(1)] }));
  await page.locator("#opening-file").setInputFiles(damaged);
  await page.locator("#prove-failed", { hasText: "damaged" }).waitFor();
  assert.equal(await page.locator("#fact-form").count(), 0);
  await page.done();
});
