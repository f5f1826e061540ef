// Entry for browsers, workers and bundlers: the .wasm is fetched from beside this file.

import { start, started, VouchError } from "./core.js";

export {
  Verifier,
  VouchError,
  inspect,
  inspectChain,
  inspectChainToText,
  inspectToText,
  toIntegers,
  toReals,
  verifyChain,
  verifyChainToText,
  version,
} from "./core.js";

let loading;

/**
 * Fetches and starts the verifier. `source` may be an address, a Response, bytes, or a compiled module; without it, the
 * .wasm of this package is used. A failed load may be tried again.
 */
export function load(source) {
  loading ??= fetchAndStart(source).catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function fetchAndStart(source = new URL("./vouch_verifier.wasm", import.meta.url)) {
  if (started()) return;
  if (source instanceof WebAssembly.Module) return start(source);
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) return start(await WebAssembly.compile(source));
  const response = source instanceof Response ? source : await fetch(source);
  if (!response.ok) throw new VouchError("abi", "fetch", `the verifier could not be fetched: status ${response.status}`);
  // Static folders often serve .wasm without its media type, which streaming insists on.
  start(await WebAssembly.compile(await response.arrayBuffer()));
}
