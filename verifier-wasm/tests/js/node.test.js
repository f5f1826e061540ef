// node --test verifier-wasm/tests/js/node.test.js, after `cargo xtask wasm`. VOUCH_PKG names another package directory.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { differing, times } from './suite.js';

const root = new URL('../../../', import.meta.url);
const pkg = process.env.VOUCH_PKG ? pathToFileURL(`${process.env.VOUCH_PKG}/`) : new URL('pkg/', root);
const { load, VouchError } = await import(new URL('node.js', pkg));
const fixture = (name) => readFileSync(new URL(`crates/verifier/tests/fixtures/${name}`, root));
const cases = JSON.parse(readFileSync(new URL('verifier-wasm/tests/cases.json', root)));
const keys = { small: fixture('small.key'), large: fixture('large.key') };
const vouch = await load();

test('reports are those of the native verifier', () => {
  assert.ok(cases.length > 40);
  assert.deepEqual(differing(vouch, keys, cases), []);
});

test('errors have codes', () => {
  const verifier = vouch.verifier(keys.small);
  const code = (run) => {
    try {
      run();
    } catch (error) {
      return error instanceof VouchError ? error.code : error;
    }
  };
  const envelope = fixture('small-0.envelope');
  assert.equal(code(() => vouch.verifier(new Uint8Array(9))), 'key');
  assert.equal(code(() => vouch.inspect(new Uint8Array(9))), 'envelope');
  assert.equal(code(() => verifier.verify(envelope, { nonse: '' })), 'expected');
  assert.equal(code(() => verifier.verify(envelope, { inputs: [0.5] })), 'expected');
  assert.equal(code(() => verifier.verify('text', {})), 'argument');
  assert.equal(code(() => verifier.verify(envelope)), 'expected');
  verifier.free();
  assert.equal(code(() => verifier.verify(envelope, {})), 'handle');
});

test('inspection and version', () => {
  assert.deepEqual(vouch.inspect(fixture('small-0.envelope')).envelope.inputs, ['-1', '2', '3', '-2', '1', '4']);
  assert.equal(vouch.version().abi, 1);
});

test('times', async (t) => {
  const wasm = readFileSync(new URL('vouch_verifier.wasm', pkg));
  const { accepted, cold, warm } = await times(load, wasm, keys.large, fixture('large-0.envelope'));
  assert.ok(accepted);
  t.diagnostic(`Node ${process.version}: from nothing ${cold.toFixed(1)} ms, warm median ${warm.toFixed(1)} ms`);
});
