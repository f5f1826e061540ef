// The verifier's API, over wasm-bindgen's module. What an entry adds is only how the .wasm is found.

import { RawChain, RawKey, RawText, initSync, version as rawVersion } from "./bindgen.js";
import { claimOf, toIntegers, toReals } from "./content.js";
import { VouchError } from "./error.js";
import { chainExpectationsOf, expectationsOf, malformed } from "./expected.js";

export { VouchError, toIntegers, toReals };

let ready = false;
let broken = false;

/** Starts the module from its bytes or from a compiled module. Once is enough. */
export function start(module) {
  if (ready) return;
  initSync({ module });
  ready = true;
}

export function started() {
  return ready;
}

/** Calls into the module. It never traps, on any input; if memory runs out, it does, and is not used again. */
function call(run) {
  if (!ready) throw new VouchError("abi", "not-loaded", "await load() before anything else");
  if (broken) throw new VouchError("abi", "stopped", "the verifier has stopped after a trap: load it anew");
  try {
    return run();
  } catch (error) {
    if (error instanceof VouchError || !(error instanceof WebAssembly.RuntimeError || error instanceof RangeError)) throw error;
    broken = true;
    throw new VouchError("abi", "trap", `the verifier trapped: ${error.message}`);
  }
}

function fail(json) {
  const { kind, code, message } = JSON.parse(json);
  throw new VouchError(kind, code, message);
}

function bytes(kind, value) {
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  throw new VouchError(kind, "type", `the ${kind} is not a Uint8Array or ArrayBuffer`);
}

/** Expectations and options, as they were given. Expectations that are there but undefined were meant to be something. */
function given(rest) {
  if (rest.length > 0 && rest[0] === undefined) throw malformed("the expectations are undefined: leave them out to accept any");
  const [expected = {}, options = {}] = rest;
  return [expected, options];
}

/** Makes all checks of a session and returns its report. */
function complete(session, options) {
  const times = options?.times ?? true;
  const error = session.error();
  if (error !== undefined) {
    session.free();
    fail(error);
  }
  const now = times ? () => Math.round(performance.now() * 1000) : () => 0;
  while (call(() => session.step(now())));
  return call(() => session.finish());
}

export class Verifier {
  #key;

  constructor(key) {
    this.#key = call(() => RawKey.load(bytes("key", key)));
    const error = this.#key.error();
    if (error !== undefined) {
      this.#key.free();
      fail(error);
    }
  }

  get model() {
    return JSON.parse(this.describeToText());
  }

  describeToText() {
    return call(() => this.#key.describe());
  }

  verify(envelope, ...rest) {
    // A copy: what is shown is what was verified, also if another thread writes to the envelope.
    const copy = bytes("envelope", envelope).slice();
    const report = JSON.parse(this.verifyToText(copy, ...rest));
    return { ...report, claim: report.accepted ? claimOf(this.model, inspect(copy)) : null };
  }

  verifyToText(envelope, ...rest) {
    const [expected, options] = given(rest);
    const text = expectationsOf(expected, () => this.model);
    return complete(call(() => this.#key.begin(bytes("envelope", envelope), text)), options);
  }

  /** For `verifyChain`. */
  addTo(chain) {
    call(() => chain.add(this.#key));
  }

  free() {
    this.#key.free();
  }
}

export function verifyChainToText(verifiers, chain, expected, options = {}) {
  const text = chainExpectationsOf(expected);
  const data = bytes("chain", chain);
  const keys = call(() => RawChain.empty());
  for (const verifier of verifiers) verifier.addTo(keys);
  return complete(call(() => keys.begin(data, text)), options);
}

export function verifyChain(verifiers, chain, expected, options = {}) {
  return JSON.parse(verifyChainToText(verifiers, chain, expected, options));
}

export function inspectToText(envelope) {
  return taken(call(() => RawText.inspect(bytes("envelope", envelope))));
}

export function inspectChainToText(chain) {
  return taken(call(() => RawText.inspectChain(bytes("chain", chain))));
}

export function inspectChain(chain) {
  return JSON.parse(inspectChainToText(chain));
}

function taken(text) {
  const error = text.error();
  const json = text.text();
  text.free();
  if (error !== undefined) fail(error);
  return json;
}

export function inspect(envelope) {
  return JSON.parse(inspectToText(envelope));
}

export function version() {
  return JSON.parse(call(() => rawVersion()));
}
