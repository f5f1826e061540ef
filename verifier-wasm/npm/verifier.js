// Vouch's verifier for JavaScript: the glue between a page or a program and vouch_verifier.wasm, which imports nothing.
// Types and their documentation: verifier.d.ts.

const ABI_VERSION = 1;
const ANSWER_HEADER = 8;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** A call that was not answered. A proof that is refused is no error: it has a report. */
export class VouchError extends Error {
  constructor(code, message, options) {
    super(message, options);
    this.name = 'VouchError';
    this.code = code;
  }
}

function toBytes(value, what) {
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  throw new VouchError('argument', `${what}: expected bytes (Uint8Array or ArrayBuffer)`);
}

function integers(values, what) {
  return Array.from(values, (value, index) => {
    const exact = typeof value === 'bigint' || typeof value === 'string' || Number.isSafeInteger(value);
    if (!exact) throw new VouchError('expected', `${what}, value ${index}: expected an exact integer, got ${value}`);
    return Object.is(value, -0) ? '0' : String(value);
  });
}

/** What is expected, as the module reads it. A misspelt field is refused by the module. */
function expectedJson(expected) {
  const { modelId, inputs, outputs, allowDevelopmentSrs, ...rest } = expected;
  return JSON.stringify({
    ...rest,
    model_id: modelId,
    inputs: inputs && integers(inputs, 'inputs'),
    outputs: outputs && integers(outputs, 'outputs'),
    allow_development_srs: allowDevelopmentSrs,
  });
}

/** An instance of the module. */
class Instance {
  constructor(module) {
    this.exports = new WebAssembly.Instance(module, {}).exports;
    const abi = this.exports.vouch_abi();
    if (abi !== ABI_VERSION) throw new VouchError('abi', `interface: expected version ${ABI_VERSION}, got ${abi}`);
  }

  /** Copies the inputs into the instance and calls the function with their addresses and lengths. */
  call(name, handle, inputs) {
    const { memory, vouch_alloc, vouch_free } = this.exports;
    const given = [];
    try {
      for (const input of inputs) {
        const at = vouch_alloc(input.length) >>> 0;
        if (at === 0) throw new VouchError('memory', `out of memory: ${input.length} bytes`);
        given.push([at, input.length]);
        new Uint8Array(memory.buffer, at, input.length).set(input);
      }
      const at = this.exports[name](...handle, ...given.flat()) >>> 0;
      if (at === 0) throw new VouchError('memory', 'out of memory: the answer');
      const header = new DataView(memory.buffer, at, ANSWER_HEADER);
      const [code, length] = [header.getUint32(0, true), header.getUint32(4, true)];
      const json = decoder.decode(new Uint8Array(memory.buffer, at + ANSWER_HEADER, length));
      given.push([at, length + ANSWER_HEADER]);
      if (code !== 0) {
        const failure = JSON.parse(json);
        throw new VouchError(failure.code, failure.message);
      }
      return json;
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) {
        given.length = 0;
        throw new VouchError('trap', `the module stopped: ${error.message}`, { cause: error });
      }
      throw error;
    } finally {
      for (const [at, length] of given) vouch_free(at, length);
    }
  }
}

/** Reads proofs of one model. */
export class Verifier {
  #module;
  #key;
  #instance = null;
  #handle = 0;

  /** Use `Vouch.verifier`. */
  constructor(module, key) {
    this.#module = module;
    this.#key = toBytes(key, 'key').slice();
    const info = this.#load();
    this.modelId = info.model_id;
    this.srsKind = info.srs_kind;
    this.proofBytes = info.proof_bytes;
    this.schema = info.schema;
  }

  #load() {
    this.#instance = new Instance(this.#module);
    const { handle, key } = JSON.parse(this.#instance.call('vouch_key_load', [], [this.#key]));
    this.#handle = handle;
    return key;
  }

  /** The report, with the time that it took. */
  verify(envelope, expected) {
    const start = performance.now();
    const report = JSON.parse(this.verifyJson(envelope, expected));
    return { ...report, elapsedMs: performance.now() - start };
  }

  /** The report as the module wrote it: the same bytes on every host. */
  verifyJson(envelope, expected) {
    if (expected === null || typeof expected !== 'object') {
      throw new VouchError('expected', 'expected values: an object is needed; {} expects nothing');
    }
    const texts = [encoder.encode(expectedJson(expected)), toBytes(envelope, 'envelope')];
    if (this.#key === null) throw new VouchError('handle', 'the verifier has been freed');
    if (this.#instance === null) this.#load();
    try {
      return this.#instance.call('vouch_verify', [this.#handle], texts);
    } catch (error) {
      // After a trap an instance may be in any state; the next call starts anew.
      if (error.code === 'trap' || error.code === 'memory') this.#instance = null;
      throw error;
    }
  }

  /** Gives the memory back. */
  free() {
    this.#instance = null;
    this.#key = null;
  }
}

/** The compiled module. */
export class Vouch {
  #module;

  /** Use `load`, or give a compiled module. */
  constructor(module) {
    if (WebAssembly.Module.imports(module).length > 0) throw new VouchError('abi', 'the module must import nothing');
    this.#module = module;
  }

  /** A verifier for one key, to be used again and again. */
  verifier(key) {
    return new Verifier(this.#module, key);
  }

  /** What an envelope says; nothing of it has been verified. */
  inspect(envelope) {
    return JSON.parse(new Instance(this.#module).call('vouch_inspect', [], [toBytes(envelope, 'envelope')]));
  }

  /** The versions of the module and of the formats that it reads. */
  version() {
    return JSON.parse(new Instance(this.#module).call('vouch_version', [], []));
  }
}

/** Compiles the module from bytes, a response, an address, or (without argument) the file beside this one. */
export async function load(source = new URL('./vouch_verifier.wasm', import.meta.url)) {
  source = await source;
  if (source instanceof WebAssembly.Module) return new Vouch(source);
  if (typeof source === 'string' || source instanceof URL) source = await fetch(source);
  if (typeof Response !== 'undefined' && source instanceof Response) {
    if (!source.ok) throw new VouchError('fetch', `${source.url}: ${source.status}`);
    // Not `compileStreaming`: it insists on a media type that some servers do not send.
    source = await source.arrayBuffer();
  }
  return new Vouch(await WebAssembly.compile(toBytes(source, 'module')));
}
