// The other pages; a validator that goes away and comes back; sizes and times.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, DIST, fits, launch, open, picture, steady, verdict, watchShifts } from "../browser.mjs";
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

const PAGES = [
  ["miners", "/miners", "#miners tbody tr"],
  ["models", "/models", "text=staking-lstm"],
  ["model", `/models/${fixture.modelId}`, "text=What rounding costs"],
  ["deposits", "/deposits", "text=No deposit contract is configured"],
  ["network", "/network", "#log-table tbody tr"],
  ["strategies", "/strategies", "text=This validator offers no strategies"],
  ["missing", "/nowhere", "text=There is no page at this address"],
];

for (const [name, path, ready] of PAGES) {
  for (const [width, scheme] of [[1280, "light"], [375, "dark"]]) {
    test(`${name}, ${width} px, ${scheme}`, async () => {
      const page = await open(browser, { viewport: { width, height: 812 }, colorScheme: scheme });
      await page.goto(server.url + path);
      await page.locator(ready).first().waitFor();
      await page.getByText("The same program, byte for byte.").waitFor();
      await fits(page);
      await accessible(page, `${name}, ${width} px, ${scheme}`);
      await picture(page, `${name}-${width}-${scheme}`);
      await page.done();
    });
  }
}

test("a miner's proofs can all be verified here, and the page says how fast", async () => {
  const page = await open(browser);
  await page.goto(`${server.url}/miners`);
  await page.locator("#miners tbody a").first().click();
  await page.locator("#verify-all").click();
  const count = fixture.proofs.length;
  await page.locator("#recheck-summary", { hasText: `${count} of ${count} verified here: ${count} accepted, 0 refused` }).waitFor();
  assert.match(await page.locator("#recheck-summary").innerText(), /[\d.]+ a second/);
  await accessible(page, "miner");
  await picture(page, "miner");
  await page.done();
});

test("a model with private weights has no measured accuracy, only what its owner states", async () => {
  const own = await start({ dist: DIST, behaviour: { privateWeights: true } });
  const page = await open(browser, { viewport: { width: 375, height: 812 } });
  await page.goto(`${own.url}/models/${fixture.modelId}`);
  await page.locator("#not-measured", { hasText: "the owner publishes none" }).waitFor();
  assert.match(await page.locator("#stated").innerText(), /at most 0[.]25/);
  assert.equal(await page.locator(".charts").count(), 0);
  await fits(page);
  await accessible(page, "model, private weights");
  await page.done();
  await own.close();
});

test("charts say their values on hover and with the arrow keys", async () => {
  const page = await open(browser);
  await page.goto(`${server.url}/miners`);
  await page.locator("#miners tbody a").first().click();
  const chart = page.locator(".chart").filter({ hasText: "Score over time" });
  const plot = chart.locator(".chart-plot").first();
  await chart.getByText("Latest: score").waitFor();
  await plot.hover({ position: { x: 40, y: 40 } });
  assert.match(await chart.locator(".chart-read").innerText(), /score: [\d.]+ at \d\d:\d\d:\d\d/);
  await plot.focus();
  await page.keyboard.press("ArrowRight");
  const before = await chart.locator(".chart-read").innerText();
  await page.keyboard.press("ArrowRight");
  assert.notEqual(await chart.locator(".chart-read").innerText(), before);
  await page.done();
});

test("a validator that goes away and comes back", async () => {
  const first = await start({ dist: DIST });
  const page = await open(browser);
  await page.goto(`${first.url}/miners`);
  await page.locator("#miners tbody tr").first().waitFor();
  await first.close();
  await page.locator("#link-state", { hasText: "no answer" }).waitFor({ timeout: 10_000 });
  await page.getByText("What you see is the last that it said").waitFor();
  assert.ok((await page.locator("#miners tbody tr").count()) > 0, "what was known stays");
  await accessible(page, "miners, validator gone");
  await picture(page, "miners-gone");
  const second = await start({ dist: DIST, port: first.port });
  await page.locator("#link-state", { hasText: "validator answers" }).waitFor({ timeout: 10_000 });
  await page.getByText("What you see is the last that it said").waitFor({ state: "hidden" });
  await page.done();
  await second.close();
});

test("a question survives a validator that is away for a moment", async () => {
  const behaviour = { stuck: true };
  const first = await start({ dist: DIST, behaviour });
  const page = await open(browser, { randoms: fixture.proofs[0].userPart });
  await page.goto(first.url);
  await page.locator("#fill-sample").click();
  await page.locator("#ask").click();
  await page.locator(".step.now", { hasText: "A miner runs the model" }).waitFor();
  await first.close();
  await page.getByText("It keeps what was asked").waitFor({ timeout: 10_000 });
  const second = await start({ dist: DIST, port: first.port, predictions: first.predictions });
  await verdict(page, "Accepted");
  await page.done();
  await second.close();
});

test("empty lists are explained", async () => {
  const empty = await start({ dist: DIST, behaviour: { empty: true } });
  for (const [path, text] of [["/", "This validator has no models yet"], ["/miners", "No miner has registered yet"], ["/models", "This validator has no models yet"], ["/network", "The log is empty"]]) {
    const page = await open(browser);
    await page.goto(empty.url + path);
    await page.getByText(text).waitFor();
    assert.deepEqual(await page.locator("table:visible").evaluateAll((tables) => tables.map((t) => t.id)), [], "no table without rows");
    await accessible(page, `empty ${path}`);
    await picture(page, `empty${path.replace("/", "-")}`);
    await page.done();
  }
  await empty.close();
});

test("another program in the validator is seen", async () => {
  const other = await start({ dist: DIST, behaviour: { otherVerifier: true } });
  const page = await open(browser);
  await page.goto(`${other.url}/network`);
  await page.getByText("These are different programs").waitFor();
  await page.done();
  await other.close();
});

test("everything can be reached with the keyboard alone", async () => {
  const page = await open(browser, { randoms: fixture.proofs[0].userPart });
  await page.goto(server.url);
  await page.locator("#fill-sample").waitFor();
  const press = async (until) => {
    for (let step = 0; step < 80; step += 1) {
      await page.keyboard.press("Tab");
      if (await page.evaluate((id) => document.activeElement?.id === id, until)) return;
    }
    assert.fail(`no way to #${until} with the Tab key`);
  };
  await press("fill-sample");
  await page.keyboard.press("Enter");
  await press("ask");
  await page.keyboard.press("Enter");
  await verdict(page, "Accepted");
  await page.done();
});

test("nothing shifts while a page is filled, and the first paint is fast", async () => {
  const page = await open(browser, { randoms: fixture.proofs[0].userPart });
  await watchShifts(page);
  await page.goto(server.url);
  await page.locator("#fill-sample").click();
  await page.locator("#ask").click();
  await verdict(page, "Accepted");
  const figures = await page.evaluate(() => ({
    firstPaint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
    transferred: performance.getEntriesByType("resource").filter((entry) => entry.name.includes("/assets/")).map((entry) => [entry.name.split("/").pop(), entry.decodedBodySize]),
  }));
  console.log(JSON.stringify(figures));
  assert.ok(figures.firstPaint < 1000, `first paint after ${figures.firstPaint} ms`);
  await steady(page);
  await page.done();
});
