// Figures for docs/dashboard.md: sizes, first paint, long tasks, time to verify. `node measure.mjs [runs]`

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { DIST, launch, open, verdict } from "./browser.mjs";
import { fixtures, start } from "./server.mjs";

const runs = Number(process.argv[2] ?? 7);
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

let total = [0, 0];
for (const name of ["../index.html", ...readdirSync(join(DIST, "assets"))]) {
  const bytes = readFileSync(join(DIST, "assets", name));
  const packed = gzipSync(bytes, { level: 9 }).length;
  total = [total[0] + bytes.length, total[1] + packed];
  console.log(`${String(bytes.length).padStart(9)} bytes, ${String(packed).padStart(8)} gzip  ${name.replace("../", "")}`);
}
console.log(`${String(total[0]).padStart(9)} bytes, ${String(total[1]).padStart(8)} gzip  all`);

const fixture = fixtures();
const server = await start({ dist: DIST });
const browser = await launch();
const paint = [];
const ready = [];
const blocked = [];
const verified = [];
const started = [];
for (let run = 0; run < runs; run += 1) {
  const page = await open(browser, { randoms: fixture.proofs[0].userPart });
  await page.addInitScript(() => {
    globalThis.long = [];
    new PerformanceObserver((list) => globalThis.long.push(...list.getEntries().map((entry) => entry.duration))).observe({ type: "longtask", buffered: true });
  });
  await page.goto(server.url);
  await page.locator("#fill-sample").waitFor();
  ready.push(await page.evaluate(() => performance.now()));
  await page.locator("#fill-sample").click();
  await page.locator("#ask").click();
  await verdict(page, "Accepted");
  const figures = await page.evaluate(() => ({
    paint: performance.getEntriesByName("first-contentful-paint")[0].startTime,
    blocked: Math.max(0, ...globalThis.long),
  }));
  paint.push(figures.paint);
  blocked.push(figures.blocked);
  verified.push(Number(/in ([\d.]+)\sms/.exec(await page.locator("#verdict").innerText())[1]));
  await page.done();
}
console.log(`first contentful paint: median ${median(paint).toFixed(0)} ms, worst ${Math.max(...paint).toFixed(0)} ms`);
console.log(`form ready: median ${median(ready).toFixed(0)} ms`);
console.log(`longest task of the main thread: median ${median(blocked).toFixed(0)} ms, worst ${Math.max(...blocked).toFixed(0)} ms`);
console.log(`first verification in a fresh page: median ${median(verified).toFixed(2)} ms`);

const page = await open(browser);
await page.goto(`${server.url}/miners`);
await page.locator("#miners tbody a").first().click();
await page.locator("#verify-all").waitFor();
for (let run = 0; run < 4; run += 1) {
  await page.locator("#verify-all").click();
  await page.locator("#recheck-summary", { hasText: `${fixture.proofs.length} of ${fixture.proofs.length} verified here` }).waitFor();
  console.log(await page.locator("#recheck-summary").innerText());
}
await page.done();
await browser.close();
await server.close();
