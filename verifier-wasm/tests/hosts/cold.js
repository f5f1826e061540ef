// node cold.js PACKAGE KEY ENVELOPE: milliseconds from the bytes of the .wasm to the first verdict, in a new process.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [dir, ...files] = process.argv.slice(2);
const [wasm, key, envelope] = [`${dir}/vouch_verifier.wasm`, ...files].map((file) => readFileSync(file));
const { start, Verifier } = await import(pathToFileURL(`${dir}/core.js`));
const begin = performance.now();
start(await WebAssembly.compile(wasm));
const { accepted } = new Verifier(key).verify(envelope, { allow_development_srs: true });
const time = performance.now() - begin;
if (!accepted) throw new Error("an honest proof was refused");
console.log(time.toFixed(2));
