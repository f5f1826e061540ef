// The entry for Node: as verifier.js, with the module read from the file beside this one.
import { readFile } from 'node:fs/promises';
import { load as loadFrom } from './verifier.js';

export { Verifier, Vouch, VouchError } from './verifier.js';

/** Compiles the module from bytes, a response, an address, or (without argument) the file beside this one. */
export async function load(source) {
  return loadFrom(source ?? readFile(new URL('./vouch_verifier.wasm', import.meta.url)));
}
