/** An integer, exactly: numbers up to 2^53, else bigint or decimal text. */
export type Integer = number | bigint | string;

/** What the caller expects. Trust comes from here, never from the envelope. */
export interface Expected {
  /** The model's identity, 64 hexadecimal digits. Left out: the key's own. */
  modelId?: string;
  /** The nonce of the request, 64 hexadecimal digits. Left out: any, so an old proof passes for a new one. */
  nonce?: string;
  /** The inputs as integers. Left out: any that fit the schema. */
  inputs?: Iterable<Integer>;
  /** The outputs as integers. Left out: any that fit the schema. */
  outputs?: Iterable<Integer>;
  /** Accept a key of a development setup, for which proofs can be forged. Default: false. */
  allowDevelopmentSrs?: boolean;
}

/** The names of the checks, in their order. */
export type CheckName =
  | 'format' | 'model identity' | 'setup' | 'nonce' | 'public inputs' | 'public outputs' | 'proof identities' | 'pairing';

/** One check that was made. */
export interface Check {
  name: CheckName;
  /** Whether it was made and passed. */
  passed: boolean;
  /** What was found, or why it failed or was not reached. */
  detail: string;
}

/** All checks of one verification. */
export interface Report {
  /** Identity of the key that was used. */
  model_id: string;
  /** Whether the proof is accepted: every check passed. */
  accepted: boolean;
  checks: Check[];
  /** Time of the whole call in milliseconds, measured here, not by the module. */
  elapsedMs: number;
}

/** A tensor of integers. A real number is an integer divided by `scale`. */
export interface TensorSpec { name: string; shape: number[]; unit: string; scale: number; min: number; max: number }

/** The public tensors of a model. */
export interface Schema { inputs: TensorSpec[]; outputs: TensorSpec[] }

/** What an envelope says; nothing of it has been verified. */
export interface Inspection {
  version: number;
  bytes: number;
  proof_bytes: number;
  envelope: { model_id: string; nonce: string; inputs: string[]; outputs: string[]; proof: string };
}

/** The versions of the module and of the formats that it reads. */
export interface Version { name: string; version: string; abi: number; envelope_version: number; key_version: number }

/** Kinds of errors. */
export type ErrorCode =
  | 'key' | 'expected' | 'envelope' | 'handle' | 'internal' | 'argument' | 'memory' | 'trap' | 'abi' | 'fetch';

/** A call that was not answered. A proof that is refused is no error: it has a report. */
export class VouchError extends Error {
  readonly code: ErrorCode;
}

/** Reads proofs of one model; made by `Vouch.verifier`. */
export class Verifier {
  private constructor();
  readonly modelId: string;
  readonly srsKind: 'development' | 'ceremony';
  readonly proofBytes: number;
  readonly schema: Schema;
  /** Verifies an envelope against what is expected; `{}` expects nothing. */
  verify(envelope: Uint8Array | ArrayBuffer, expected: Expected): Report;
  /** The report as the module wrote it, without times: the same text on every host. */
  verifyJson(envelope: Uint8Array | ArrayBuffer, expected: Expected): string;
  /** Gives the memory back; the verifier cannot be used afterwards. */
  free(): void;
}

/** The compiled module. */
export class Vouch {
  constructor(module: WebAssembly.Module);
  /** A verifier for one key, to be used again and again. */
  verifier(key: Uint8Array | ArrayBuffer): Verifier;
  inspect(envelope: Uint8Array | ArrayBuffer): Inspection;
  version(): Version;
}

type Source = string | URL | Response | WebAssembly.Module | Uint8Array | ArrayBuffer;

/** Compiles the module; without argument, from the file beside this one. */
export function load(source?: Source | Promise<Source>): Promise<Vouch>;
