// What the page and the worker do: the time from the bytes of the .wasm to the first verdict, the cases, warm times.
import * as vouch from "./vouch-verifier/verifier.js";
import { runCases, timeCase } from "./cases.js";

export async function run() {
  const [cases, wasm] = await Promise.all([
    fetch("./cases.json").then((response) => response.json()),
    fetch("./vouch-verifier/vouch_verifier.wasm").then((response) => response.arrayBuffer()),
  ]);
  const honest = cases.filter((c) => c.name.endsWith(": honest"));
  const unhex = (text) => Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));
  const [key, envelope] = [unhex(honest[0].key), unhex(honest[0].envelope)];
  const begin = performance.now();
  await vouch.load(wasm);
  const { accepted } = new vouch.Verifier(key).verify(envelope, { allow_development_srs: true });
  const cold = performance.now() - begin;
  if (!accepted) throw new Error("an honest proof was refused");
  const answers = runCases(cases, vouch);
  const warm = honest.map((c) => [c.name, timeCase(c, vouch)]);
  return { answers, cold, warm, isolated: globalThis.crossOriginIsolated };
}
