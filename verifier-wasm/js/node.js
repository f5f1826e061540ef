// Entry for Node: the .wasm is read from beside this file, so that load() has nothing left to do.

import { readFileSync } from "node:fs";
import { start } from "./core.js";

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

start(new WebAssembly.Module(readFileSync(new URL("./vouch_verifier.wasm", import.meta.url))));

/** Resolves at once: in Node the verifier is ready when it is imported. */
export async function load() {}
