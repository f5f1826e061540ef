// The cases in headless Chromium, in a page and in a worker; needs playwright-core (verifier-wasm/tests/js/package.json)
// and Chromium (CHROMIUM names it, /usr/bin/chromium by default).
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const types = { js: 'text/javascript', html: 'text/html', json: 'application/json' };

test('a page and a worker give the native reports', async (t) => {
  const server = createServer(async ({ url }, response) => {
    const path = new URL(url, 'http://localhost').pathname;
    if (path === '/') return response.setHeader('content-type', 'text/html').end('<!doctype html><title>cases</title>');
    try {
      const body = await readFile(root + path);
      response.setHeader('content-type', types[path.split('.').pop()] ?? 'application/octet-stream').end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => server.close());
  const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args });
  t.after(() => browser.close());
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const found = await page.evaluate(async () => {
    const { load } = await import('/pkg/verifier.js');
    const { bytes, differing, expectedOf, times } = await import('/verifier-wasm/tests/js/suite.js');
    const get = async (path) => new Uint8Array(await (await fetch(path)).arrayBuffer());
    const fixtures = '/crates/verifier/tests/fixtures';
    const keys = { small: await get(`${fixtures}/small.key`), large: await get(`${fixtures}/large.key`) };
    const cases = await (await fetch('/verifier-wasm/tests/cases.json')).json();
    const measured = await times(load, await get('/pkg/vouch_verifier.wasm'), keys.large, await get(`${fixtures}/large-0.envelope`));
    const inPage = differing(await load(), keys, cases);

    const worker = new Worker('/pkg/worker.js', { type: 'module' });
    const inWorker = [];
    for (const [id, c] of cases.entries()) {
      const message = { id, key: keys[c.key], envelope: bytes(c.envelope), expected: expectedOf(c) };
      const answer = await new Promise((done, fail) => {
        worker.onmessage = ({ data }) => done(data);
        worker.onerror = (event) => fail(new Error(event.message));
        worker.postMessage(message);
      });
      const { elapsedMs, ...report } = answer.report ?? {};
      if (answer.id !== id || JSON.stringify(report) !== c.report) inWorker.push(c.name);
    }
    return { measured, inPage, inWorker, cases: cases.length };
  });
  assert.ok(found.cases > 40 && found.measured.accepted);
  assert.deepEqual(found.inPage, []);
  assert.deepEqual(found.inWorker, []);
  const { cold, warm } = found.measured;
  t.diagnostic(`Chromium ${browser.version()}: from nothing ${cold.toFixed(1)} ms, warm median ${warm.toFixed(1)} ms`);
});
