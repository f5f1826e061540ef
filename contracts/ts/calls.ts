// Calls of VouchVerifier from the files that `vouch export PROOF --evm KEY -o FILE` writes, for any library that takes an ABI
// (viem, ethers, web3.js), and for none: `encodeVerifyMany` and `decodeVerdict` need only eth_call.
import { vouchVerifierSelectors } from "./abi.js";

/** Bytes, as 0x and an even number of hexadecimal digits. */
export type Hex = `0x${string}`;

/** What `vouch export --evm` writes. */
export interface ExportedCalls {
  /** The model's identity, 32 bytes. */
  readonly modelId: Hex;
  readonly proof: Hex;
  /** Integers and hashes of all tensors that are not private. */
  readonly publicValues: Hex;
  readonly nonce: Hex;
  /** The data of a call of `verify`. */
  readonly verify: Hex;
  /** The data of a transaction that registers the key. */
  readonly registerKey: Hex;
}

/** One of the proofs that `verifyMany` takes. */
export interface Claim {
  readonly proof: Hex;
  readonly publicValues: Hex;
  readonly nonce: Hex;
}

const FIELDS = ["modelId", "proof", "publicValues", "nonce", "verify", "registerKey"] as const;

/** Reads a file of `vouch export --evm`: its text, or what JSON.parse made of it. Throws if a field is missing or malformed. */
export function readCalls(file: string | unknown): ExportedCalls {
  const value: unknown = typeof file === "string" ? JSON.parse(file) : file;
  if (typeof value !== "object" || value === null) throw new TypeError("not an object");
  const fields = value as Record<string, unknown>;
  for (const name of FIELDS) {
    const field = fields[name];
    if (typeof field !== "string" || !/^0x([0-9a-f]{2})*$/i.test(field)) throw new TypeError(`${name} is not hexadecimal`);
    if ((name === "modelId" || name === "nonce") && field.length !== 66) throw new TypeError(`${name} has not 32 bytes`);
  }
  const calls = fields as unknown as ExportedCalls;
  if (encodeVerify(calls).toLowerCase() !== calls.verify.toLowerCase()) throw new TypeError("verify is not the call of these arguments");
  return calls;
}

/** The arguments of `verify`, in its order. */
export function verifyArgs(calls: ExportedCalls): readonly [Hex, Hex, Hex, Hex] {
  return [calls.modelId, calls.proof, calls.publicValues, calls.nonce];
}

/** The arguments of `verifyMany`, of proofs of one model. */
export function verifyManyArgs(all: readonly ExportedCalls[]): readonly [Hex, readonly Claim[]] {
  const first = all[0];
  if (first === undefined) throw new RangeError("no proofs");
  const other = all.find((calls) => calls.modelId.toLowerCase() !== first.modelId.toLowerCase());
  if (other) throw new RangeError(`a proof of model ${other.modelId} among those of ${first.modelId}`);
  return [first.modelId, all.map(({ proof, publicValues, nonce }) => ({ proof, publicValues, nonce }))];
}

/** The data of a call of `verify`. */
export function encodeVerify(calls: Pick<ExportedCalls, "modelId" | "proof" | "publicValues" | "nonce">): Hex {
  const proof = dynamic(calls.proof);
  const head = [digits(calls.modelId), word(0x80), word(0x80 + proof.length / 2), digits(calls.nonce)];
  return `${vouchVerifierSelectors.verify}${head.join("")}${proof}${dynamic(calls.publicValues)}`;
}

/** The data of a call of `verifyMany`, of proofs of one model. */
export function encodeVerifyMany(all: readonly ExportedCalls[]): Hex {
  const [modelId, claims] = verifyManyArgs(all);
  const bodies = claims.map((claim) => {
    const proof = dynamic(claim.proof);
    return [word(0x60), word(0x60 + proof.length / 2), digits(claim.nonce), proof, dynamic(claim.publicValues)].join("");
  });
  let offset = 32 * claims.length;
  const offsets = bodies.map((body) => [word(offset), (offset += body.length / 2)][0]);
  return `${vouchVerifierSelectors.verifyMany}${digits(modelId)}${word(0x40)}${word(claims.length)}${offsets.join("")}${bodies.join("")}`;
}

/** What an eth_call of `verify` or `verifyMany` answered. Throws if it is not one word, 0 or 1. */
export function decodeVerdict(answer: string): boolean {
  const found = /^0x0{63}([01])$/.exec(answer);
  if (!found) throw new TypeError(`not a verdict: ${answer}`);
  return found[1] === "1";
}

/** The scale of an output of `decodeOutputs`: a value in the output's unit is its integer divided by this. */
export function scaleOf(scaleBits: bigint): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, scaleBits);
  return view.getFloat64(0);
}

function digits(bytes: Hex): string {
  return bytes.slice(2);
}

function word(number: number): string {
  return number.toString(16).padStart(64, "0");
}

/** Length and bytes, with zeros up to a whole word. */
function dynamic(bytes: Hex): string {
  const text = digits(bytes);
  return word(text.length / 2) + text.padEnd(Math.ceil(text.length / 64) * 64, "0");
}
