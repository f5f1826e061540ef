/** An integer of 64 bits: a number if it is exact (up to 2^53), else a BigInt or decimal text. */
export type Integer = number | bigint | string;

/** Bytes of a key or an envelope. */
export type Bytes = Uint8Array | ArrayBuffer;

/**
 * What the caller expects. Trust comes from here, never from the envelope. A field that is left out accepts anything
 * that fits the key; a field that is `undefined`, or that nobody knows, is an error.
 */
export interface Expected {
  /** The model, in hexadecimal or bytes; left out, the key's own. */
  model_id?: string | Uint8Array | null;
  /** The nonce of the request. Whoever leaves it out cannot tell an old proof from a new one. */
  nonce?: string | Uint8Array | null;
  /** The integers that the model was given, those of its public inputs. */
  inputs?: Iterable<Integer> | null;
  /** The integers that the model computed, those of its public outputs. */
  outputs?: Iterable<Integer> | null;
  /** The salted hashes of hashed inputs, in the model's order: 64 hexadecimal digits each. */
  input_hashes?: Iterable<string> | null;
  /** The salted hashes of hashed outputs, likewise. */
  output_hashes?: Iterable<string> | null;
  /** Accept a key of a development setup: whoever made such a setup can forge proofs. Default: false. */
  allow_development_srs?: boolean;
}

/** The checks, in their order. */
export type CheckName =
  | "format"
  | "model identity"
  | "setup"
  | "nonce"
  | "public inputs"
  | "public outputs"
  | "proof identities"
  | "pairing";

/** One check. */
export interface Check {
  name: CheckName;
  /** Whether it was made and passed. */
  passed: boolean;
  /** For programs: `ok`, `not-reached`, or the kind of failure, such as `development-setup`. */
  code: string;
  /** For people. */
  detail: string;
  /** Microseconds that it took; 0 with `times: false`. */
  micros: number;
}

/** All checks of one verification. */
export interface Report {
  /** Identity of the key that was used, in hexadecimal. */
  model_id: string;
  /** Whether every check passed. */
  accepted: boolean;
  checks: Check[];
}

/** An input or output. `integer / scale` is the real number; integers are decimal text. */
export interface Tensor {
  name: string;
  shape: number[];
  unit: string;
  scale: number;
  min: string;
  max: string;
  /** What a proof shows of it: its values, a salted hash of them, or nothing. */
  visibility: "public" | "hashed" | "private";
}

/** What a key says of its model. */
export interface Model {
  model_id: string;
  srs_kind: "ceremony" | "development";
  k: number;
  proof_bytes: number;
  inputs: Tensor[];
  outputs: Tensor[];
  layout: string;
}

/** What an envelope says. Nothing of it is verified. */
export interface Contents {
  model_id: string;
  nonce: string;
  /** Decimal text. */
  inputs: string[];
  /** Decimal text. */
  outputs: string[];
  /** Hexadecimal, one for each hashed input. */
  input_hashes: string[];
  /** Hexadecimal, one for each hashed output. */
  output_hashes: string[];
  proof_bytes: number;
}

export interface Version {
  version: string;
  abi: number;
  envelope: number;
  key: number;
}

/** Why a call has no answer. (An envelope that is refused is an answer: a report that is not accepted.) */
export class VouchError extends Error {
  /** What is wrong: the key, the envelope (`inspect` only), what is expected, or the use of the module. */
  readonly kind: "key" | "envelope" | "expected" | "abi";
  /** How, for programs: `truncated`, `malformed`, `not-loaded`, … */
  readonly code: string;
}

/** Loads the verifier: await it before anything else. In Node it is ready at once. */
export function load(source?: string | URL | Response | BufferSource | WebAssembly.Module): Promise<void>;

/** A verifying key, checked and prepared once, used for any number of envelopes. */
export class Verifier {
  /** @throws {VouchError} if the bytes are not a key. */
  constructor(key: Bytes);
  /** What the key says of its model. */
  readonly model: Model;
  /** The same as JSON text. */
  describeToText(): string;
  /**
   * Verifies an envelope.
   * @throws {VouchError} if `expected` is malformed.
   */
  verify(envelope: Bytes, expected?: Expected, options?: { times?: boolean }): Report;
  /** The report as JSON text: with `times: false` the same bytes wherever it is made. `expected` may be JSON text. */
  verifyToText(envelope: Bytes, expected?: Expected | string, options?: { times?: boolean }): string;
  /** Frees the key's memory. Without it, that happens some time after the object is dropped. */
  free(): void;
}

/**
 * What an envelope says, not verified.
 * @throws {VouchError} if the bytes are not an envelope.
 */
export function inspect(envelope: Bytes): Contents;
/** The same as JSON text. */
export function inspectToText(envelope: Bytes): string;

/** Versions of the module, its ABI and the formats. */
export function version(): Version;
