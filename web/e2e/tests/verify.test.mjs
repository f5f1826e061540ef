// Verify: files, text, links; and every way to cheat, with the check that refuses it.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { accessible, checks, DIST, fits, launch, open, picture, verdict } from "../browser.mjs";
import { fixtures, start } from "../server.mjs";

let browser;
let server;
const fixture = fixtures();
before(async () => {
  browser = await launch();
  server = await start({ dist: DIST });
});
after(async () => {
  await browser.close();
  await server.close();
});

test("a link to a proof leads to its verdict", async () => {
  const page = await open(browser);
  await page.goto(`${server.url}/verify/${fixture.proofs[3].id}`);
  await verdict(page, "Accepted");
  // Nobody said what to expect of these; the page says so, and does not tick them.
  const made = await checks(page);
  const unchecked = ["model identity", "nonce", "public inputs", "public outputs"];
  assert.deepEqual(Object.keys(made).filter((name) => made[name] === "unchecked"), unchecked);
  assert.ok(Object.values(made).every((state) => ["passed", "unchecked"].includes(state)), JSON.stringify(made));
  assert.match(await page.locator('[data-check="nonce"]').innerText(), /not checked.*not compared with yours/s);
  assert.ok((await page.locator("#not-compared").innerText()).includes(unchecked.join(", ")));
  assert.match(await page.locator("#claim").innerText(), /redemption hours/);
  await accessible(page, "verify");
  await picture(page, "verify-link");
  await page.done();
});

test("a link can say what was asked, and then an old proof is refused", async () => {
  const page = await open(browser);
  const [proof, other] = fixture.proofs;
  await page.goto(`${server.url}/verify/${proof.id}?model=${fixture.modelId}&nonce=${proof.nonce}`);
  await verdict(page, "Accepted");
  assert.match(await page.locator('[data-check="nonce"]').innerText(), /as expected/);
  await page.goto(`${server.url}/verify/${proof.id}?model=${fixture.modelId}&nonce=${other.nonce}`);
  await verdict(page, "Refused");
  assert.equal((await checks(page)).nonce, "failed");
  await page.done();
});

test("a check that was not reached is neither a tick nor a cross", async () => {
  const page = await open(browser);
  await page.goto(`${server.url}/verify`);
  const bytes = Buffer.from(fixture.proofs[0].envelope);
  // The last byte of the last point: no such point is on the curve, or the field element is too large.
  bytes[bytes.length - 1] = 0xff;
  await page.locator("#envelope-text").fill(bytes.toString("hex"));
  await verdict(page, "Refused");
  const made = await checks(page);
  assert.deepEqual([made["proof identities"], made.pairing], ["failed", "unreached"]);
  await accessible(page, "verify, not reached");
  await page.done();
});

test("what is expected can be typed, and mistyped", async () => {
  const page = await open(browser);
  await page.goto(`${server.url}/verify/${fixture.proofs[0].id}`);
  await verdict(page, "Accepted");
  await page.getByText("What do you expect?").click();
  const field = page.locator("#expect-nonce");
  await field.fill("12");
  await field.blur();
  await page.getByText("A nonce is written with 64 hexadecimal digits").waitFor();
  await field.fill(fixture.proofs[1].nonce);
  await field.blur();
  await verdict(page, "Refused");
  await field.fill(fixture.proofs[0].nonce.toUpperCase());
  await field.blur();
  await verdict(page, "Accepted");
  assert.match(await page.locator('[data-check="nonce"]').innerText(), /as expected/);
  await page.done();
});

test("only what was accepted is offered to cheats", async () => {
  const page = await open(browser, { development: false });
  await page.goto(`${server.url}/verify/${fixture.proofs[0].id}`);
  await verdict(page, "Refused");
  assert.equal(await page.locator("[data-cheat]").count(), 0);
  await page.locator("#development-refused").getByRole("button").click();
  await verdict(page, "Accepted");
  await page.locator("[data-cheat]").first().waitFor();
  await page.done();
});

test("each way to cheat is refused by the right check", async () => {
  const page = await open(browser);
  const proof = fixture.proofs[0];
  await page.goto(`${server.url}/verify/${proof.id}?model=${fixture.modelId}&nonce=${proof.nonce}`);
  await verdict(page, "Accepted");
  const refusals = {
    output: /pairing/,
    input: /pairing/,
    proof: /proof identities|pairing/,
    nonce: /nonce/,
    model: /model identity/,
    truncate: /format/,
  };
  for (const [cheat, check] of Object.entries(refusals)) {
    const card = page.locator(`[data-cheat="${cheat}"]`);
    await card.getByRole("button").click();
    const result = card.locator(".cheat-result");
    await result.getByText("Refused").waitFor();
    const by = /Refused by (.*?) \(/.exec(await result.innerText())?.[1] ?? "";
    assert.match(by, check, cheat);
  }
  await accessible(page, "verify, cheated");
  await picture(page, "verify-cheats");
  await page.done();
});

test("an envelope is taken as a file, as hexadecimal text and as JSON", async () => {
  const page = await open(browser);
  const folder = mkdtempSync(join(tmpdir(), "vouch-e2e-"));
  const path = join(folder, "proof.vouch");
  writeFileSync(path, fixture.proofs[1].envelope);
  await page.goto(`${server.url}/verify`);
  await accessible(page, "verify, empty");
  await picture(page, "verify-empty");
  await page.locator("#envelope-file").setInputFiles(path);
  await verdict(page, "Accepted");
  await page.goto(`${server.url}/verify`);
  await page.locator("#envelope-text").fill(fixture.proofs[2].envelope.toString("hex"));
  await verdict(page, "Accepted");
  await page.locator("#envelope-text").fill("hello");
  await page.getByText("This is neither an envelope").waitFor();
  await page.locator("#envelope-text").fill('{"model_id": 3}');
  await page.getByText("This JSON is not an envelope").waitFor();
  await page.done();
});

test("an envelope of a model that the validator does not have is checked with a key from a file", async () => {
  const page = await open(browser);
  const folder = mkdtempSync(join(tmpdir(), "vouch-e2e-"));
  const key = join(folder, "verifier.key");
  writeFileSync(key, fixture.smallKey);
  await page.goto(`${server.url}/verify`);
  await page.locator("#envelope-text").fill(fixture.smallEnvelope.toString("hex"));
  await page.locator("#key-wanted").waitFor();
  await page.locator("#envelope-file").setInputFiles(key);
  await verdict(page, "Accepted");
  await page.done();
});

test("a proof that does not exist is explained", async () => {
  const page = await open(browser);
  await page.goto(`${server.url}/verify/nothing`);
  await page.getByText("This validator has no proof with the identifier nothing").waitFor();
  await accessible(page, "verify, missing");
  await picture(page, "verify-missing");
  await page.done();
});

test("a development setup is refused until the user accepts it", async () => {
  const page = await open(browser, { development: false });
  await page.goto(`${server.url}/verify/${fixture.proofs[0].id}`);
  await verdict(page, "Refused");
  const made = await checks(page);
  assert.deepEqual(Object.keys(made).filter((name) => made[name] === "failed"), ["setup"]);
  assert.ok(!(await page.locator(".command").innerText()).includes("--allow-development"));
  await accessible(page, "verify, development setup");
  await page.locator("#development-refused").getByRole("button").click();
  await verdict(page, "Accepted");
  assert.ok((await page.locator(".command").innerText()).endsWith("--allow-development"));
  // The choice stays, and can be taken back.
  await page.reload();
  await verdict(page, "Accepted");
  await page.locator("input[name=development][value=refuse]").check();
  await verdict(page, "Refused");
  assert.equal((await checks(page)).setup, "failed");
  await page.done();
});

test("files can be saved", async () => {
  const page = await open(browser);
  await page.goto(`${server.url}/verify/${fixture.proofs[0].id}`);
  await verdict(page, "Accepted");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save the envelope" }).click()]);
  const path = join(mkdtempSync(join(tmpdir(), "vouch-e2e-")), download.suggestedFilename());
  await download.saveAs(path);
  assert.deepEqual(readFileSync(path), fixture.proofs[0].envelope);
  await page.done();
});

test("375 px", async () => {
  const page = await open(browser, { viewport: { width: 375, height: 812 } });
  await page.goto(`${server.url}/verify/${fixture.proofs[0].id}`);
  await verdict(page, "Accepted");
  await fits(page);
  await accessible(page, "verify, 375 px");
  await picture(page, "verify-375");
  await page.done();
});
