// The verifier's worker. `verifier/` has the files of the npm package, copied byte for byte; the `.wasm` is the one that
// validators run.
//
// A message is { id, kind, … }; an answer is { id, ok: JSON text } or { id, error: text }. Nothing here decides about a
// proof: the module does, and its report is passed on as it is, with the time that the call took.

import { Verifier, load, verifyChain } from "./verifier/verifier.js";

const VERIFIER = new URL("./verifier/vouch_verifier.wasm", import.meta.url);
const KEYS_KEPT = 8;

let starting;

/** The module that runs; a failed start is tried again with the next message. */
function module() {
  starting ??= start().catch((error) => {
    starting = undefined;
    throw error;
  });
  return starting;
}

async function start() {
  const response = await fetch(VERIFIER);
  if (!response.ok) throw new Error(`the verifier could not be fetched (status ${response.status})`);
  const bytes = await response.arrayBuffer();
  const sha256 = await digest(bytes);
  const begin = performance.now();
  await load(bytes);
  const start_ms = performance.now() - begin;
  return { about: { sha256, bytes: bytes.byteLength, start_ms }, verifiers: new Map() };
}

/** SHA-256 in hexadecimal; empty where the browser has no hash function (pages that are not served securely). */
async function digest(bytes) {
  return globalThis.crypto?.subtle ? hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))) : "";
}

function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The verifier of a key; a key is decoded once. */
async function verifierFor(key) {
  const { verifiers } = await module();
  const name = (await digest(key)) || hex(key);
  let verifier = verifiers.get(name);
  if (!verifier) {
    verifier = new Verifier(key);
    const oldest = verifiers.size >= KEYS_KEPT ? verifiers.keys().next().value : undefined;
    if (oldest) {
      verifiers.get(oldest).free();
      verifiers.delete(oldest);
    }
    verifiers.set(name, verifier);
  }
  return verifier;
}

const handlers = {
  async start() {
    return (await module()).about;
  },

  async key({ key }) {
    return (await verifierFor(key)).model;
  },

  async verify({ key, envelope, expected }) {
    const verifier = await verifierFor(key);
    const begin = performance.now();
    const report = verifier.verify(envelope, expected);
    return { ...report, total_ms: performance.now() - begin };
  },

  /** `order` has the place in `keys` of each proof's key. */
  async chain({ keys, order, chain, expected }) {
    const verifiers = [];
    for (const key of keys) verifiers.push(await verifierFor(key));
    const begin = performance.now();
    const report = verifyChain(order.map((key) => verifiers[key]), chain, expected);
    return { ...report, total_ms: performance.now() - begin };
  },
};

onmessage = async ({ data }) => {
  try {
    postMessage({ id: data.id, ok: JSON.stringify(await handlers[data.kind](data)) });
  } catch (error) {
    postMessage({ id: data.id, error: error instanceof Error ? error.message : String(error) });
  }
};
