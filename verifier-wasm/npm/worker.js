// A module worker: new Worker(new URL('@vouch/verifier/worker.js', import.meta.url), { type: 'module' }).
// Messages in: { id, key, envelope, expected }. Messages out: { id, report } or { id, error: { code, message } }.
import { load } from './verifier.js';

const vouch = load();
const verifiers = new Map();

async function verifierFor(key) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', key)).join();
  if (!verifiers.has(digest)) verifiers.set(digest, (await vouch).verifier(key));
  return verifiers.get(digest);
}

self.onmessage = async ({ data: { id, key, envelope, expected } }) => {
  try {
    self.postMessage({ id, report: (await verifierFor(key)).verify(envelope, expected) });
  } catch (error) {
    self.postMessage({ id, error: { code: error.code ?? 'internal', message: String(error.message) } });
  }
};
