// A model whose input and output are hashed: the page computes hashes, and believes no other.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { accessible, checks, DIST, fits, launch, open, picture, verdict } from "../browser.mjs";
import { fixtures, HASHED, start } from "../server.mjs";

const fixture = fixtures(HASHED);
const [proof] = fixture.proofs;
const { salt, outputs } = proof.hidden;
const MARK = "hidden: only its hash goes public";
let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser.close(); });

async function asked(behaviour = {}, { randoms = [proof.userPart, salt], ...options } = {}) {
  const server = await start({ dist: DIST, fixture, behaviour });
  const page = await open(browser, { randoms, ...options });
  await page.goto(server.url);
  await page.locator("#fill-sample").click();
  await page.locator("#ask").click();
  return { server, page };
}

async function done({ server, page }) {
  await page.done();
  await server.close();
}

test("a prediction with hidden input and output: hashes made here, values shown after theirs is the proof's", async () => {
  const { server, page } = await asked();
  await verdict(page, "Accepted");
  const made = await checks(page);
  assert.ok(Object.values(made).every((state) => state === "passed"), JSON.stringify(made));
  for (const check of ["public inputs", "public outputs"]) {
    assert.match(await page.locator(`[data-check="${check}"]`).innerText(), /1 hashed tensor, as expected/);
  }
  assert.equal(await page.locator("#answer .answer-number").count(), outputs.y.length);
  assert.equal(await page.locator(".field .hidden-mark", { hasText: MARK }).count(), 1);
  for (const name of ["x", "y"]) {
    assert.match(await page.locator(`[data-hidden="${name}"]`).innerText(), /is that of the values that you know/);
  }
  // What went out: values and salt to the validator, nothing of them in the envelope.
  const entry = [...server.predictions.values()][0];
  assert.equal(entry.salt, salt);
  assert.equal(await page.locator('[data-cheat="input"], [data-cheat="output"]').count(), 0, "there is no clear value to change");
  await accessible(page, "predict, hidden");
  await picture(page, "predict-hidden");
  await done({ server, page });
});

test("a changed hash is refused", async () => {
  const run = await asked();
  await verdict(run.page, "Accepted");
  const card = run.page.locator('[data-cheat="hash"]');
  await card.getByRole("button").click();
  await card.locator(".cheat-result", { hasText: "Refused by public inputs and pairing" }).waitFor();
  await done(run);
});

test("a miner that computed on another hidden input, or with another salt, is refused by the hash", async () => {
  // The page draws another salt than the one that the proof was made with.
  const run = await asked({}, { randoms: [proof.userPart, "11".repeat(32)] });
  await verdict(run.page, "Refused");
  const made = await checks(run.page);
  assert.equal(made["public inputs"], "failed");
  assert.equal(made.nonce, "passed");
  await done(run);
  const other = await start({ dist: DIST, fixture });
  const page = await open(browser, { randoms: [proof.userPart, salt] });
  await page.goto(other.url);
  await page.locator("#fill-sample").click();
  await page.locator("#field-0-0").fill("0.1");
  await page.locator("#ask").click();
  await verdict(page, "Refused");
  assert.equal((await checks(page))["public inputs"], "failed");
  await done({ server: other, page });
});

test("outputs beside the proof that are not those of its hash are refused", async () => {
  const run = await asked({ outputs: ({ y }) => ({ y: [y[0] + 1, ...y.slice(1)] }) });
  await verdict(run.page, "Refused");
  const made = await checks(run.page);
  assert.equal(made["public outputs"], "failed");
  assert.equal(made.pairing, "passed");
  await done(run);
});

test("outputs that do not come, or do not fit, leave the proof, and the page says so", async () => {
  for (const wrong of [() => ({}), () => ({ y: [1] })]) {
    const run = await asked({ outputs: wrong });
    await verdict(run.page, "Accepted");
    await run.page.locator("#not-delivered").waitFor();
    assert.equal(await run.page.locator("#answer .answer-number").count(), 0);
    await done(run);
  }
});

test("the file to recognize a proof goes round: saved, given with the proof, and refused with another", async () => {
  const run = await asked();
  const { page, server } = run;
  await verdict(page, "Accepted");
  const folder = mkdtempSync(join(tmpdir(), "vouch-e2e-"));
  const files = {};
  for (const name of ["x", "y"]) {
    const button = page.locator(`[data-hidden="${name}"]`).getByRole("button", { name: "Save what you need to recognize this proof" });
    const [download] = await Promise.all([page.waitForEvent("download"), button.click()]);
    files[name] = join(folder, download.suggestedFilename());
    await download.saveAs(files[name]);
  }
  const saved = JSON.parse(readFileSync(files.x, "utf8"));
  assert.deepEqual(Object.keys(saved).sort(), ["hash", "model_id", "salt", "tensor", "values"]);
  assert.deepEqual([saved.model_id, saved.tensor, saved.salt, saved.values.length], [fixture.modelId, "x", salt, 4]);
  assert.ok(saved.values.every(Number.isInteger));
  assert.equal(proof.envelope.includes(Buffer.from(saved.hash, "hex")), true);
  assert.deepEqual(JSON.parse(readFileSync(files.y, "utf8")).values, outputs.y);

  // Without the file, the page says what is hidden; with it, that it is this.
  await page.goto(`${server.url}/verify/${proof.id}`);
  await verdict(page, "Accepted");
  assert.match(await page.locator('[data-hidden="x"]').innerText(), new RegExp(MARK));
  assert.match(await page.locator("#claim").innerText(), new RegExp(MARK));
  await accessible(page, "verify, hidden");
  await picture(page, "verify-hidden");
  await page.locator("#envelope-file").setInputFiles([files.x, files.y]);
  await page.locator('[data-hidden="x"]', { hasText: "is that of the values that you know" }).waitFor();
  await verdict(page, "Accepted");
  assert.match(await page.locator('[data-check="public inputs"]').innerText(), /1 hashed tensor, as expected/);

  // Other values with the hash of the right ones, and other values with their own hash.
  await page.goto(`${server.url}/verify/${proof.id}`);
  await verdict(page, "Accepted");
  const give = async (name, file) => {
    writeFileSync(join(folder, name), JSON.stringify(file));
    await page.locator("#envelope-file").setInputFiles(join(folder, name));
  };
  await give("damaged.json", { ...saved, values: [saved.values[0] + 1, ...saved.values.slice(1)] });
  await page.locator("#not-recognized", { hasText: "The file is damaged" }).waitFor();
  await give("other-model.json", { ...saved, model_id: "00".repeat(32) });
  await page.locator("#not-recognized", { hasText: "The file is about the model" }).waitFor();
  await give("other-tensor.json", { ...saved, tensor: "z" });
  await page.locator("#not-recognized", { hasText: "no hashed tensor named z" }).waitFor();
  await done(run);
});

test("values and salt can be typed", async () => {
  const server = await start({ dist: DIST, fixture });
  const page = await open(browser);
  await page.goto(`${server.url}/verify/${proof.id}`);
  await verdict(page, "Accepted");
  const type = async (secret, values) => {
    // Open, whether or not it was.
    await page.locator("#recognize summary").evaluate((summary) => { summary.parentElement.open = true; });
    await page.locator("#recognize-salt").fill(secret);
    await page.locator("#recognize-values-0").fill(values);
    await page.locator("#recognize-0").click();
  };
  await type("12", proof.input.x.join(" "));
  await page.locator("#recognize", { hasText: "A salt is written with 64 hexadecimal digits" }).waitFor();
  await type(salt, proof.input.x.slice(1).join(" "));
  await page.locator("#recognize", { hasText: "x has 4 values, 3 are there" }).waitFor();
  await type(salt, proof.input.x.map((value, i) => value + (i === 2 ? 0.01 : 0)).join(", "));
  await page.locator('[data-hidden="x"]', { hasText: "Not these values, or another salt" }).waitFor();
  await verdict(page, "Refused");
  assert.equal((await checks(page))["public inputs"], "failed");
  await type(salt, proof.input.x.join(", "));
  await page.locator('[data-hidden="x"]', { hasText: "is that of the values that you know" }).waitFor();
  await verdict(page, "Accepted");
  await accessible(page, "verify, typed");
  await page.done();
  await server.close();
});

test("the model's page says what is hidden", async () => {
  const server = await start({ dist: DIST, fixture });
  const page = await open(browser, { viewport: { width: 375, height: 812 } });
  await page.goto(`${server.url}/models/${fixture.modelId}`);
  for (const name of ["x", "y"]) {
    assert.match(await page.locator(`[data-visibility="${name}"]`).innerText(), new RegExp(MARK));
  }
  assert.match(await page.locator("#weights").innerText(), /^fixed/);
  await fits(page);
  await accessible(page, "model, hidden");
  await page.done();
  await server.close();
});
