// The verifier's worker: loads the same .wasm that validators run, and answers the page.
//
// A message is { id, kind, … }; an answer is { id, ok: JSON text } or { id, error: text }. Nothing here decides about a
// proof: the module does, and its report is passed on as it is, with the times of this clock. The module has no imports;
// docs/verifier-wasm.md describes its exports.

const VERIFIER = new URL("./verifier.wasm", import.meta.url);
const KEYS_KEPT = 8;

let loading;

/** The running module; a failed start is tried again with the next message. */
function verifier() {
  loading ??= load().catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load() {
  const response = await fetch(VERIFIER);
  if (!response.ok) throw new Error(`the verifier could not be fetched (status ${response.status})`);
  const bytes = await response.arrayBuffer();
  const sha256 = hex(await digest(bytes));
  const begin = performance.now();
  const { instance } = await WebAssembly.instantiate(bytes, {});
  const start_ms = performance.now() - begin;
  return { ...instance.exports, about: { sha256, bytes: bytes.byteLength, start_ms }, keys: new Map() };
}

/** SHA-256; empty where the browser has no hash function (pages that are not served securely). */
async function digest(bytes) {
  return globalThis.crypto?.subtle ? new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)) : new Uint8Array();
}

function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Passes byte arrays to a call, as addresses and lengths. */
function withBytes(module, inputs, call) {
  const places = [];
  try {
    for (const input of inputs) {
      const address = module.vouch_alloc(input.length);
      if (address === 0) fail(module);
      places.push(address, input.length);
      new Uint8Array(module.memory.buffer, address, input.length).set(input);
    }
    return call(...places);
  } finally {
    for (let at = 0; at < places.length; at += 2) module.vouch_free(places[at]);
  }
}

/** Reads a text that a call returned: address in the low 32 bits, length in the high ones. */
function text(module, result) {
  const [address, length] = [Number(BigInt.asUintN(32, result)), Number(BigInt.asUintN(32, result >> 32n))];
  const words = new TextDecoder().decode(new Uint8Array(module.memory.buffer, address, length).slice());
  module.vouch_free(address);
  return words;
}

function fail(module) {
  const error = module.vouch_error();
  throw new Error(error === 0n ? "the verifier gives no reason" : JSON.parse(text(module, error)).message);
}

const textOrFail = (module, result) => (result === 0n ? fail(module) : text(module, result));
const handleOrFail = (module, handle) => (handle === 0 ? fail(module) : handle);

/** The handle of a key; a key is decoded once. */
async function keyHandle(module, key) {
  const name = hex(await digest(key)) || hex(key);
  const known = module.keys.get(name);
  if (known) return known;
  const handle = withBytes(module, [key], (...places) => handleOrFail(module, module.vouch_key_load(...places)));
  if (module.keys.size >= KEYS_KEPT) {
    const [oldest, old] = module.keys.entries().next().value;
    module.keys.delete(oldest);
    module.vouch_key_free(old);
  }
  module.keys.set(name, handle);
  return handle;
}

const now = () => BigInt(Math.round(performance.now() * 1000));

const handlers = {
  async start() {
    return JSON.stringify((await verifier()).about);
  },

  async key({ key }) {
    const module = await verifier();
    return textOrFail(module, module.vouch_key_describe(await keyHandle(module, key)));
  },

  async verify({ key, envelope, expected }) {
    const module = await verifier();
    const handle = await keyHandle(module, key);
    const begin = performance.now();
    const session = withBytes(module, [envelope, new TextEncoder().encode(expected)], (...places) =>
      handleOrFail(module, module.vouch_begin(handle, ...places)),
    );
    while (module.vouch_step(session, now()) === 1);
    const report = JSON.parse(textOrFail(module, module.vouch_finish(session)));
    report.total_ms = performance.now() - begin;
    return JSON.stringify(report);
  },
};

onmessage = async ({ data }) => {
  try {
    postMessage({ id: data.id, ok: await handlers[data.kind](data) });
  } catch (error) {
    postMessage({ id: data.id, error: error instanceof Error ? error.message : String(error) });
  }
};
