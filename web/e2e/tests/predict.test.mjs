// Predict: ask, and believe nobody.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { accessible, checks, DIST, fits, launch, open, picture, verdict } from "../browser.mjs";
import { withOtherOutput } from "../envelope.mjs";
import { fixtures, start } from "../server.mjs";

let browser;
const fixture = fixtures();
before(async () => { browser = await launch(); });
after(async () => { await browser.close(); });

async function asked(behaviour = {}, options = {}) {
  const server = await start({ dist: DIST, behaviour });
  const page = await open(browser, { randoms: fixture.proofs[0].userPart, ...options });
  await page.goto(server.url);
  await page.locator("#fill-sample").click();
  await page.locator("#ask").click();
  return { server, page };
}

test("a prediction is shown with its unit after this browser has accepted the proof", async () => {
  const { server, page } = await asked();
  await verdict(page, "Accepted");
  const made = await checks(page);
  assert.equal(Object.keys(made).length, 8);
  // The result is what was asked for: there is nothing to compare it with.
  const { "public outputs": result, ...others } = made;
  assert.equal(result, "unchecked");
  assert.ok(Object.values(others).every((state) => state === "passed"), JSON.stringify(made));
  assert.match(await page.locator("#answer .answer-number").innerText(), /^\d+\.\d+\s*h$/);
  assert.match(await page.locator("#verdict").innerText(), /by your browser, in [\d.]+\sms/);
  assert.match(await page.locator("#digest-verdict").innerText(), /same program/);
  await accessible(page, "predict, accepted");
  await picture(page, "predict-accepted");
  await page.done();
  await server.close();
});

test("a server that lies about the output is refused, whatever it says about itself", async () => {
  const { server, page } = await asked({ envelope: withOtherOutput });
  await verdict(page, "Refused");
  const made = await checks(page);
  assert.equal(made.pairing, "failed");
  assert.equal(made["public inputs"], "passed");
  assert.equal(made.nonce, "passed");
  assert.equal(await page.locator(".answer-number.withheld").count(), 1);
  await accessible(page, "predict, refused");
  await picture(page, "predict-refused");
  await page.done();
  await server.close();
});

test("a proof for another request is refused by the nonce", async () => {
  const { server, page } = await asked({}, { randoms: undefined });
  await verdict(page, "Refused");
  assert.equal((await checks(page)).nonce, "failed");
  await page.done();
  await server.close();
});

test("a proof for other inputs than those asked is refused by the inputs", async () => {
  const server = await start({ dist: DIST });
  const page = await open(browser, { randoms: fixture.proofs[0].userPart });
  await page.goto(server.url);
  await page.locator("#fill-random").click();
  await page.locator("#ask").click();
  await verdict(page, "Refused");
  const made = await checks(page);
  assert.equal(made["public inputs"], "failed");
  assert.equal(made.nonce, "passed");
  await page.done();
  await server.close();
});

test("a key of another model is not used", async () => {
  const server = await start({ dist: DIST, behaviour: { wrongKey: fixtures().smallKey } });
  const page = await open(browser);
  await page.goto(server.url);
  await page.getByText("Without the right key nothing can be checked").waitFor();
  assert.equal(await page.locator("#ask").count(), 0);
  await page.done();
  await server.close();
});

test("wrong inputs are pointed out before anything is asked", async () => {
  const server = await start({ dist: DIST });
  const page = await open(browser);
  await page.goto(server.url);
  await page.locator("#fill-sample").click();
  await page.locator("#field-0-2").fill("-5000000");
  await page.locator("#field-1-0").fill("abc");
  await page.locator("#ask").click();
  assert.match(await page.locator("#field-0-error").innerText(), /Value 3 must be from .* to .* ETH/);
  assert.match(await page.locator("#field-1-error").innerText(), /“abc”, is not a number/);
  assert.equal(await page.locator("#field-0-2").getAttribute("aria-invalid"), "true");
  assert.match(await page.locator("form").innerText(), /Some inputs still need your attention/);
  await accessible(page, "predict, wrong inputs");
  await picture(page, "predict-wrong-inputs");
  await page.done();
  await server.close();
});

test("when no miner can answer, the page says so and keeps the inputs", async () => {
  const { server, page } = await asked({ noMiner: true });
  await page.getByText("No miner gave an answer that holds").waitFor();
  assert.notEqual(await page.locator("#field-0-0").inputValue(), "");
  assert.equal(await page.locator("#ask").isEnabled(), true);
  await page.done();
  await server.close();
});

test("a phone: 375 px, by keyboard, dark", async () => {
  const { server, page } = await asked({}, { viewport: { width: 375, height: 812 }, colorScheme: "dark" });
  await verdict(page, "Accepted");
  await fits(page);
  await accessible(page, "predict, 375 px, dark");
  await picture(page, "predict-375-dark");
  await page.done();
  await server.close();
});

test("numbers can be written in the language-neutral way of the SI", async () => {
  const { server, page } = await asked();
  await verdict(page, "Accepted");
  assert.match(await page.locator(".field").first().innerText(), /3,000,000|2,\d{3},\d{3}|\d,\d{3}/);
  await page.locator("input[name=numbers][value=space]").check();
  assert.match(await page.locator(".field").first().innerText(), /\d\u202f\d{3}/);
  await page.reload();
  assert.equal(await page.locator("input[name=numbers][value=space]").isChecked(), true);
  await page.done();
  await server.close();
});

const VOUCH = process.env.VOUCH_BIN;
test("the files and the command that the page offers give the same verdict", { skip: VOUCH ? false : "VOUCH_BIN is not set" }, async () => {
  const { server, page } = await asked();
  await verdict(page, "Accepted");
  const folder = mkdtempSync(join(tmpdir(), "vouch-e2e-"));
  for (const name of ["Save the envelope", "Save the verifying key", "Save the inputs"]) {
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name }).click()]);
    await download.saveAs(join(folder, download.suggestedFilename()));
  }
  const [program, ...words] = (await page.locator(".command").innerText()).trim().split(/\s+/);
  assert.equal(program, "vouch");
  assert.match(execFileSync(VOUCH, words, { cwd: folder, encoding: "utf8", stdio: "pipe" }), /VERIFIED/);
  await page.done();
  await server.close();
});
