// The prover's worker: it loads the prover, a module of some megabytes, when it is first asked for something. Values and salt
// stay in this browser.
//
// A message is { id, prover_key, verifier_key, values, salt, statement, nonce }; an answer is { id, ok: JSON text, envelope } or
// { id, error: text }.

import init, { Prover } from "./prover/vouch_prover.js";

let starting;

/** The module; a failed start is tried again with the next message. */
function module() {
  starting ??= init({ module_or_path: new URL("./prover/vouch_prover.wasm", import.meta.url) }).catch((error) => {
    starting = undefined;
    throw error;
  });
  return starting;
}

async function prove({ prover_key, verifier_key, values, salt, statement, nonce }) {
  const begin = performance.now();
  await module();
  const started = performance.now();
  const prover = new Prover(prover_key, verifier_key);
  try {
    const ready = performance.now();
    const envelope = prover.prove(values, salt, statement, nonce);
    const done = performance.now();
    const times = { start_ms: started - begin, key_ms: ready - started, prove_ms: done - ready };
    return { envelope, times, about: JSON.parse(prover.describe()) };
  } finally {
    prover.free();
  }
}

onmessage = async ({ data }) => {
  try {
    const { envelope, times, about } = await prove(data);
    postMessage({ id: data.id, ok: JSON.stringify({ ...times, k: about.k }), envelope });
  } catch (error) {
    postMessage({ id: data.id, error: error instanceof Error ? error.message : String(error) });
  }
};
