/** An integer of 64 bits: a number if it is exact (up to 2^53), else a BigInt or decimal text. */
export type Integer = number | bigint | string;

/** A list of integers: an array without holes, or a typed array. Not any iterable: a Set, say, forgets repetitions. */
export type Integers =
  | readonly Integer[]
  | Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array
  | BigInt64Array | BigUint64Array;

/** Real numbers: a number, (nested) arrays without holes, or a typed array; in row-major order. */
export type Reals = number | readonly Reals[] | Float32Array | Float64Array | Int32Array;

/** Real numbers by name, in the model's units: all public tensors of a section. */
export type ByName = Readonly<Record<string, Reals>>;

/** Bytes of a key or an envelope. */
export type Bytes = Uint8Array | ArrayBuffer;

/**
 * What the caller expects, as a plain object. Trust comes from here, never from the envelope. A field that is left out,
 * or `null`, accepts anything that fits the key, and the check that would have compared it has the code `not-checked`.
 * Everything that could get lost is an error: a field that is `undefined`, unknown, inherited or computed; a value of
 * another type; an array with holes; an object of a class.
 */
export interface Expected {
  /** The model, in hexadecimal or bytes; left out, the key's own. */
  model_id?: string | Uint8Array | null;
  /** The nonce of the request. Whoever leaves it out cannot tell an old proof from a new one. */
  nonce?: string | Uint8Array | null;
  /** What the model was given: real numbers by name, or the integers of all public inputs. Chains take integers only. */
  inputs?: Integers | ByName | null;
  /** What the model computed, in the same form. */
  outputs?: Integers | ByName | null;
  /** The salted hashes of hashed inputs, in the model's order: 64 hexadecimal digits or 32 bytes each. */
  input_hashes?: readonly (string | Uint8Array)[] | null;
  /** The salted hashes of hashed outputs, likewise. */
  output_hashes?: readonly (string | Uint8Array)[] | null;
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
  /** Whether it was reached, and nothing that it looked at was wrong. */
  passed: boolean;
  /**
   * For programs: `ok`; `not-checked` (passed, but not compared with what you expect, because you did not say);
   * `not-reached` (another check failed before); or the kind of failure, such as `development-setup`.
   */
  code: string;
  /** For people: what was found, and what was not compared. */
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

/** An input or output of a claim. */
export interface ClaimedTensor {
  name: string;
  shape: number[];
  /** Unit of the real numbers; empty if unknown. */
  unit: string;
  /** Integers in one unit. */
  scale: number;
  visibility: "public" | "hashed" | "private";
  /** Real numbers in the unit, in row-major order; `null` unless the proof shows them. */
  values: number[] | null;
  /** The integers that the proof is about, as decimal text: `value = integer / scale`. */
  integers: string[] | null;
  /** The salted hash of the values, if the proof shows that. */
  hash: string | null;
}

/** What a proof has shown: this model, given these inputs, computes these outputs, and it answers this nonce. */
export interface Claim {
  model_id: string;
  srs_kind: "ceremony" | "development";
  nonce: string;
  /** By name. */
  inputs: Record<string, ClaimedTensor>;
  /** By name. */
  outputs: Record<string, ClaimedTensor>;
}

/** A report with what was shown: `null` if the proof is not accepted. */
export interface VerifiedReport extends Report {
  claim: Claim | null;
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

/** Where some public values of a proof begin. */
export interface ValueRef {
  /** Position of the proof in the chain. */
  proof: number;
  /** Position among all public outputs, or inputs, of that proof. */
  start: number;
}

/** Outputs of a proof that are inputs of a later one. */
export interface Link {
  /** The outputs. */
  from: ValueRef;
  /** The inputs. */
  to: ValueRef;
  /** How many values. */
  len: number;
}

/** What the caller expects of a chain. Trust comes from here, never from the chain. */
export interface ExpectedChain {
  /** Of each proof. `inputs` are those that no link fills, in their order. */
  steps: readonly Expected[];
  /** The links, in any order. A chain that claims others, or fewer, is refused. */
  links: readonly Link[];
}

/** All checks of the verification of a chain. */
export interface ChainReport {
  /** Whether every check passed. */
  accepted: boolean;
  /** Of the chain: `format`, `proofs` (their number), `links` (those that are expected). */
  checks: (Omit<Check, "name"> & { name: string })[];
  /** Of each proof; empty if the chain cannot be read, or has another number of proofs. */
  proofs: Report[];
  /** Of each link, in the order of the inputs that they fill; the name is the link, `0:outputs[0..1]=1:inputs[2..3]`. */
  links: (Omit<Check, "name"> & { name: string })[];
}

/** What a chain says. Nothing of it is verified. */
export interface ChainContents {
  proofs: Contents[];
  links: Link[];
}

export interface Version {
  version: string;
  abi: number;
  envelope: number;
  key: number;
  chain: number;
}

/** Why a call has no answer. (An envelope that is refused is an answer: a report that is not accepted.) */
export class VouchError extends Error {
  /** What is wrong: the key, the envelope or chain (`inspect`, `inspectChain` only), what is expected, or the use of the module. */
  readonly kind: "key" | "envelope" | "chain" | "expected" | "abi";
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
   * Verifies an envelope. Without `expected`, nothing is compared; `undefined` in its place is an error.
   * @throws {VouchError} if `expected` is malformed.
   */
  verify(envelope: Bytes, expected?: Expected, options?: { times?: boolean }): VerifiedReport;
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

/**
 * Verifies a chain of proofs: each for its verifier, one for each proof, and the links between them.
 * @throws {VouchError} if `expected` is malformed, or is not about as many proofs as there are verifiers.
 */
export function verifyChain(
  verifiers: Iterable<Verifier>,
  chain: Bytes,
  expected: ExpectedChain,
  options?: { times?: boolean },
): ChainReport;
/** The report as JSON text: with `times: false` the same bytes wherever it is made. `expected` may be JSON text. */
export function verifyChainToText(
  verifiers: Iterable<Verifier>,
  chain: Bytes,
  expected: ExpectedChain | string,
  options?: { times?: boolean },
): string;

/**
 * What a chain says, not verified.
 * @throws {VouchError} if the bytes are not a chain.
 */
export function inspectChain(chain: Bytes): ChainContents;
/** The same as JSON text. */
export function inspectChainToText(chain: Bytes): string;

/** The real numbers that integers of a tensor stand for: `integer / scale`. */
export function toReals(tensor: Pick<Tensor, "scale">, integers: Iterable<Integer>): number[];
/**
 * The integers that stand for real numbers of a tensor, as decimal text: `round(real * scale)`, halves away from zero.
 * @throws {VouchError} if a number is not finite or not in the tensor's range.
 */
export function toIntegers(tensor: Pick<Tensor, "name" | "scale" | "min" | "max">, reals: Iterable<number>): string[];

/** Versions of the module, its ABI and the formats. */
export function version(): Version;
