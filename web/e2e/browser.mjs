// Chromium, a page in it, and what every test asks of a page.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const SCREENSHOTS = join(HERE, "screenshots");
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The built dashboard. */
export const DIST = process.env.VOUCH_WEB_DIST ?? join(HERE, "../../target/web");

/** Starts Chromium. */
export async function launch() {
  mkdirSync(SCREENSHOTS, { recursive: true });
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  });
}

/**
 * A page that fails the test on any error: an exception, a message of the content security policy, a console error that
 * is not a failed fetch (those have their own tests). The proofs of the tests rest on development setups, so their user
 * has chosen to accept those, unless `development` is false.
 */
export async function open(browser, options = {}) {
  const { randoms, development = true, ...rest } = options;
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce", ...rest });
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (error) => {
    errors.push(String(error));
    console.error(`page error: ${error.stack ?? error}`);
  });
  page.on("console", (message) => {
    if (message.type() === "error" && !/Failed to load resource|net::ERR/.test(message.text())) errors.push(message.text());
  });
  if (development) await page.addInitScript(() => localStorage.setItem("vouch.development-setups", "accept"));
  if (randoms) {
    // The proof in the fixture was made for one part of the nonce, and with one salt; so this browser's random numbers are these, in turn.
    await page.addInitScript((all) => {
      let next = 0;
      crypto.getRandomValues = (array) => {
        const hex = all[next++ % all.length];
        array.set(Uint8Array.from(hex.match(/../g), (byte) => parseInt(byte, 16)).subarray(0, array.length));
        return array;
      };
    }, [randoms].flat());
  }
  return Object.assign(page, {
    errors,
    async done() {
      assert.deepEqual(errors, [], "the page reports errors");
      await context.close();
    },
  });
}

/** Keeps a picture of the page. */
export async function picture(page, name, fullPage = true) {
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage });
}

/** Asks axe-core for violations. The script is given to the page from outside, so the page's policy stays as it is. */
export async function accessible(page, name) {
  await page.evaluate(AXE);
  const result = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const found = result.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join(" | ")}`);
  assert.deepEqual(found, [], `axe-core on ${name}`);
}

/** Waits until the verdict of the browser is the one given. */
export async function verdict(page, word) {
  await page.locator("#verdict-word", { hasText: word }).waitFor({ timeout: 15_000 });
}

/** What came of each check, as the page shows it: passed, failed, unchecked, unreached or waiting. */
export async function checks(page) {
  return page.locator("#verdict .check").evaluateAll((lines) => Object.fromEntries(
    lines.map((line) => [line.dataset.check, [...line.classList].find((name) => !["check", "ticked"].includes(name))]),
  ));
}

/** Nothing is wider than the screen. */
export async function fits(page) {
  const [scroll, client, wide] = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const wide = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > clientWidth);
    return [scrollWidth, clientWidth, wide.map((e) => `${e.tagName.toLowerCase()}.${e.className}`)];
  });
  assert.ok(scroll <= client, `the page is ${scroll} px wide on a screen of ${client} px: ${wide.join(", ")}`);
}

/** Counts what moves on the page, from its next load on. */
export async function watchShifts(page) {
  await page.addInitScript(() => {
    globalThis.shift = 0;
    globalThis.shifted = [];
    const name = ({ node }) => `${node?.nodeName ?? "?"}.${node?.className ?? ""}#${node?.id ?? ""}`;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        if (entry.hadRecentInput) continue;
        globalThis.shift += entry.value;
        globalThis.shifted.push(`${entry.value.toFixed(3)} ${entry.sources.map(name).join(" ")}`);
      }
    }).observe({ type: "layout-shift", buffered: true });
  });
}

/** Little has moved since then but by the user's own doing. */
export async function steady(page) {
  const { shift, shifted } = await page.evaluate(() => ({ shift: globalThis.shift, shifted: globalThis.shifted }));
  console.log(`cumulative layout shift ${shift}`);
  assert.ok(shift < 0.1, `cumulative layout shift ${shift}: ${shifted.join("; ")}`);
}
