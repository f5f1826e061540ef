// The verifier's worker: loads the same .wasm that validators run, and answers the page.
//
// A message is { id, kind, … }; an answer is { id, ok: JSON text } or { id, error: text }. Nothing here decides about a
// proof: the module does, and its report is passed on as it is, with the time that the call took.

const VERIFIER = new URL("./verifier.wasm", import.meta.url);

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
  const sha256 = await digest(bytes);
  const begin = performance.now();
  const { instance } = await WebAssembly.instantiate(bytes, {});
  return { exports: instance.exports, about: { sha256, bytes: bytes.byteLength, start_ms: performance.now() - begin } };
}

/** SHA-256 in hexadecimal; empty where the browser has no hash function (pages that are not served securely). */
async function digest(bytes) {
  if (!globalThis.crypto?.subtle) return "";
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Calls an export with byte arrays; reads the text that it leaves. */
function call({ exports }, name, ...inputs) {
  const places = inputs.map((input) => {
    const pointer = exports.alloc(input.length);
    new Uint8Array(exports.memory.buffer, pointer, input.length).set(input);
    return [pointer, input.length];
  });
  const result = exports[name](...places.flat());
  for (const [pointer, length] of places) exports.dealloc(pointer, length);
  const head = new DataView(exports.memory.buffer, result, 8);
  const [length, ok] = [head.getUint32(0, true), head.getUint32(4, true)];
  const text = new TextDecoder().decode(new Uint8Array(exports.memory.buffer, result + 8, length).slice());
  exports.dealloc(result, length + 8);
  if (!ok) throw new Error(text);
  return text;
}

const handlers = {
  async start() {
    return JSON.stringify((await verifier()).about);
  },
  async key({ key }) {
    return call(await verifier(), "key", key);
  },
  async verify({ key, envelope, expected }) {
    const module = await verifier();
    const begin = performance.now();
    const report = JSON.parse(call(module, "verify", key, envelope, new TextEncoder().encode(expected)));
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
