// node expectations.js KEY ENVELOPE CHAIN-DIR: what the installed package takes as expectations, and what it refuses.
//
// A value that gets lost on its way to the module would be a check that is not made. So everything that JSON.stringify
// leaves out or changes must be refused with a typed error, before anything is verified.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";
import { Verifier, VouchError, inspect, inspectChain, toIntegers, toReals, verifyChain, verifyChainToText } from "vouch-verifier";

const [keyFile, envelopeFile, chainDir] = process.argv.slice(2);
const verifier = new Verifier(readFileSync(keyFile));
const envelope = readFileSync(envelopeFile);
const said = inspect(envelope);
const { model_id, nonce } = said;
const other = "ab".repeat(32);
const allow_development_srs = true;
const bytes = (hex) => Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
const numbers = said.inputs.map(Number);

/** An array without its second item. */
const holed = numbers.slice();
delete holed[1];
const getter = Object.defineProperty({ allow_development_srs }, "nonce", { get: () => undefined, enumerable: true });
const hidden = Object.defineProperty({ allow_development_srs }, "nonce", { value: other, enumerable: false });
class Request {
  allow_development_srs = true;
  get nonce() {
    return other;
  }
}

/** Whole expectations. */
const wholes = {
  "undefined": undefined,
  "null": null,
  "true": true,
  "a number": 5,
  "a BigInt": 5n,
  "a symbol": Symbol("nonce"),
  "a function": () => ({ nonce: other }),
  "an array": [],
  "an array with an object": [{ nonce: other }],
  "a Map": new Map([["nonce", other]]),
  "a Set": new Set(["nonce"]),
  "a Date": new Date(0),
  "a String": new String("{}"),
  "a promise": Promise.resolve({ nonce: other }),
  "bytes": bytes(other),
  "an error": new Error("no"),
  "a class": new Request(),
  "inherited fields": Object.create({ nonce: other, allow_development_srs }),
  "fields inherited from an object without a prototype": Object.create(Object.create(null, { nonce: { value: other } })),
  "a getter": getter,
  "a hidden field": hidden,
  "a symbol as a name": { allow_development_srs, [Symbol("nonce")]: other },
  "an unknown name": { allow_development_srs, nonse: other },
  "a name in capitals": { allow_development_srs, Nonce: other },
  "a name of every object": JSON.parse('{"__proto__": 1}'),
  "a method of every object": { allow_development_srs, toString: other },
  "toJSON beside the fields": { nonce: other, toJSON: () => ({ allow_development_srs }) },
  "another realm's object": runInNewContext("({})"),
  "empty text": "",
  "text with an unknown name": '{"nonse":null}',
  "text with a name twice": '{"nonce":null,"nonce":null}',
  "text of a list": "[]",
};

/** Values that no field takes. */
const values = {
  "undefined": undefined,
  "a function": () => other,
  "a symbol": Symbol(other),
  "true": true,
  "NaN": NaN,
  "infinity": Infinity,
  "a fraction": 0.5,
  "a Date": new Date(0),
  "a Map": new Map([[0, other]]),
  "a Set": new Set(numbers),
  "a String": new String(other),
  "a Number": new Number(1),
  "an object": {},
  "an object like an array": { length: numbers.length, ...numbers },
  "an iterator": numbers.values(),
  "a generator": (function* () { yield* numbers; })(),
  "toJSON": { toJSON: () => null },
  "toString": { toString: () => other },
  "a DataView": new DataView(new ArrayBuffer(32)),
  "a buffer without a view": new ArrayBuffer(32),
};

/** Items that no list of integers takes. */
const items = {
  "undefined": undefined,
  "null": null,
  "a function": () => 1,
  "a symbol": Symbol("1"),
  "true": true,
  "NaN": NaN,
  "infinity": -Infinity,
  "a fraction": 1.5,
  "a number that is not exact": 2 ** 53,
  "a BigInt of 65 bits": 1n << 64n,
  "an empty text": "",
  "text of a fraction": "1.0",
  "hexadecimal text": "0x1",
  "text with a space": " 1",
  "a list": [1],
  "a Number": new Number(1),
  "toJSON": { toJSON: () => 1 },
  "valueOf": { valueOf: () => 1 },
};

let tried = 0;
function refuse(name, run) {
  tried += 1;
  const right = (error) => error instanceof VouchError && error.kind === "expected" && error.code === "malformed";
  assert.throws(run, right, `${name} must be refused with an error of the expectations`);
}
const check = (name, expected) => refuse(name, () => verifier.verify(envelope, expected));

for (const [name, whole] of Object.entries(wholes)) check(name, whole);
const fields = { model_id, nonce, inputs: numbers, outputs: said.outputs, input_hashes: [], output_hashes: [] };
for (const field of Object.keys(fields)) {
  for (const [name, value] of Object.entries(values)) {
    check(`${field}: ${name}`, { allow_development_srs, [field]: value });
  }
}
for (const value of [undefined, null, 0, 1, "true", "false", new Boolean(false), [], {}, () => true]) {
  check(`allow_development_srs: ${typeof value}`, { allow_development_srs: value });
}
for (const field of ["model_id", "nonce"]) {
  const short = ["", "ab", `${other}0`, "zz".repeat(32), `0x${"ab".repeat(31)}`, new Uint8Array(31), new Uint8Array(33), new Uint8ClampedArray(32), new Uint16Array(32), [other], 7n];
  for (const value of short) check(`${field}: ${String(value)}`, { allow_development_srs, [field]: value });
}
for (const field of ["inputs", "outputs"]) {
  for (const [name, item] of Object.entries(items)) {
    check(`an item of ${field}: ${name}`, { allow_development_srs, [field]: [item, ...fields[field].slice(1)] });
  }
  for (const value of [holed, Object.assign(numbers.slice(), { first: 1 }), "123", 6, 6n, Float64Array.of(0.5)]) {
    check(`${field}: ${typeof value}`, { allow_development_srs, [field]: value });
  }
}
for (const field of ["input_hashes", "output_hashes"]) {
  for (const value of [[undefined], [null], [7], [{ toString: () => other }], [new String(other)], [Symbol(other)], [[other]], other, 7, new Array(1)]) {
    check(`${field}: ${typeof value}`, { allow_development_srs, [field]: value });
  }
}

// What is polluted for all objects is nobody's expectation.
Object.prototype.nonce = other;
check("a field that all objects inherit", { allow_development_srs });
delete Object.prototype.nonce;
for (const polluted of [Object.prototype, Array.prototype, String.prototype, BigInt.prototype]) {
  polluted.toJSON = () => null;
  const { checks } = verifier.verify(envelope, { allow_development_srs, nonce: other, inputs: numbers.map(BigInt) });
  delete polluted.toJSON;
  assert.equal(checks[3].code, "nonce");
  assert.equal(checks[4].code, "ok");
}

// Chains: the same, and all parts of links.
const fixture = (name) => readFileSync(`${chainDir}/${name}`);
const [forecast, allocation] = ["forecast.key", "allocation.key"].map((name) => new Verifier(fixture(name)));
const verifiers = [forecast, forecast, allocation];
const chain = fixture("honest.chain");
const { links } = inspectChain(chain);
const steps = [{ allow_development_srs }, { allow_development_srs }, { allow_development_srs }];
const good = { steps, links };
assert.equal(verifyChain(verifiers, chain, good).accepted, true);
const chains = {
  ...wholes,
  "no links": { steps },
  "no steps": { links },
  "an unknown part": { ...good, link: [] },
  "a step with an unknown name": { steps: [{ nonse: other }, ...steps.slice(1)], links },
  "a step of a class": { steps: [new Request(), ...steps.slice(1)], links },
  "a step that is a list": { steps: [[], ...steps.slice(1)], links },
  "a step that is null": { steps: [null, ...steps.slice(1)], links },
  "steps with a hole": { steps: Object.assign(new Array(3), { 0: steps[0], 2: steps[2] }), links },
  "a Set of steps": { steps: new Set(steps), links },
  "links as a Map": { steps, links: new Map() },
  "links as a function": { steps, links: () => links },
};
for (const [name, value] of Object.entries(values)) {
  chains[`steps: ${name}`] = { steps: value, links };
  chains[`links: ${name}`] = { steps, links: value };
  chains[`a link: ${name}`] = { steps, links: [value, links[1]] };
  for (const part of ["from", "to", "len"]) {
    chains[`${part} of a link: ${name}`] = { steps, links: [{ ...links[0], [part]: value }, links[1]] };
  }
  for (const part of ["proof", "start"]) {
    chains[`${part} of an end: ${name}`] = { steps, links: [{ ...links[0], to: { ...links[0].to, [part]: value } }, links[1]] };
  }
}
chains["a link without an end"] = { steps, links: [{ from: links[0].from, len: 1 }, links[1]] };
chains["a link with a further part"] = { steps, links: [{ ...links[0], scale: 1 }, links[1]] };
for (const [name, expected] of Object.entries(chains)) {
  refuse(`chain: ${name}`, () => verifyChain(verifiers, chain, expected));
}
refuse("chain: nothing", () => verifyChain(verifiers, chain));

// What is meant is taken, in every form that it may have.
const codes = (expected) => verifier.verify(envelope, expected).checks.map((check) => check.code);
const asked = { model_id, nonce, inputs: said.inputs, outputs: said.outputs, allow_development_srs };
const ok = new Array(8).fill("ok");
assert.deepEqual(codes(asked), ok);
assert.deepEqual(codes({ ...asked, nonce: bytes(nonce), model_id: Buffer.from(model_id, "hex"), inputs: numbers }), ok);
assert.deepEqual(codes({ ...asked, inputs: BigInt64Array.from(said.inputs, BigInt), outputs: said.outputs.map(BigInt) }), ok);
assert.deepEqual(codes({ ...asked, inputs: Int32Array.from(numbers), input_hashes: [], output_hashes: [] }), ok);
assert.deepEqual(codes(Object.assign(Object.create(null), asked)), ok);
assert.deepEqual(codes(Object.freeze({ ...asked })), ok);
assert.deepEqual(codes(JSON.stringify(asked)), ok);
const unchecked = ["ok", "not-checked", "ok", "not-checked", "not-checked", "not-checked", "ok", "ok"];
assert.deepEqual(codes({ allow_development_srs }), unchecked);
const nothing = { model_id: null, nonce: null, inputs: null, outputs: null, input_hashes: null, output_hashes: null };
assert.deepEqual(codes({ ...nothing, allow_development_srs }), unchecked);
assert.equal(verifier.verify(envelope).checks[2].code, "development-setup");
for (const [place, wrong] of [[3, { nonce: bytes(other) }], [1, { model_id: other }], [4, { inputs: [0, ...numbers.slice(1)] }], [5, { outputs: [0n] }]]) {
  const report = verifier.verify(envelope, { ...asked, ...wrong });
  assert.equal(report.accepted, false);
  assert.equal(report.checks[place].passed, false, JSON.stringify(wrong, (_, value) => (typeof value === "bigint" ? `${value}` : value)));
}
const hashes = { ...asked, input_hashes: [bytes(other)] };
assert.equal(verifier.verify(envelope, hashes).checks[4].code, "hash-count");

// What an accepted report says: by name, in real numbers and as integers. The same numbers are expectations.
const { model } = verifier;
const { claim } = verifier.verify(envelope, { allow_development_srs });
assert.deepEqual([claim.model_id, claim.nonce, claim.srs_kind], [model_id, nonce, "development"]);
const named = {};
for (const section of ["inputs", "outputs"]) {
  assert.deepEqual(Object.keys(claim[section]), model[section].map((tensor) => tensor.name));
  assert.deepEqual(Object.values(claim[section]).flatMap((tensor) => tensor.integers), said[section]);
  named[section] = Object.fromEntries(model[section].map((tensor) => [tensor.name, claim[section][tensor.name].values]));
  for (const tensor of model[section]) {
    const { values, integers } = claim[section][tensor.name];
    assert.deepEqual(values, integers.map((integer) => Number(integer) / tensor.scale));
    assert.deepEqual([toIntegers(tensor, values), toReals(tensor, integers)], [integers, values]);
  }
}
assert.deepEqual(codes({ ...asked, ...named }), ok);
const [first] = model.inputs;
const reals = named.inputs[first.name];
assert.deepEqual(codes({ ...asked, inputs: { ...named.inputs, [first.name]: Float64Array.from(reals) } }), ok);
const off = verifier.verify(envelope, { ...asked, inputs: { ...named.inputs, [first.name]: [reals[0] + 1 / first.scale, ...reals.slice(1)] } });
assert.deepEqual([off.accepted, off.checks[4].code, off.claim], [false, "value", null]);
const someone = { ...first, scale: 10, min: "-10", max: "25" };
assert.deepEqual(toIntegers(someone, [0, 0.25, -0.25, 2.54, -1.049]), ["0", "3", "-3", "25", "-10"]);
assert.deepEqual(toIntegers({ ...someone, scale: 1 }, [0.49999999999999994, -0.5]), ["0", "-1"]);
const notReals = {
  "too few": reals.slice(1), "text": reals.map(String), "NaN": [NaN, ...reals.slice(1)], "a hole": Object.assign(new Array(reals.length), { 0: reals[0] }),
  "a BigInt": reals.map(() => 1n), "infinity": [Infinity, ...reals.slice(1)], "beyond the range": [1e300, ...reals.slice(1)], "a Set": new Set(reals),
};
for (const [name, value] of Object.entries(notReals)) check(`real numbers: ${name}`, { ...asked, inputs: { ...named.inputs, [first.name]: value } });
check("real numbers of an unknown tensor", { ...asked, inputs: { ...named.inputs, "": reals } });
check("real numbers that are missing", { ...asked, inputs: {} });
check("real numbers behind a getter", { ...asked, inputs: Object.defineProperty({}, first.name, { get: () => reals, enumerable: true }) });
check("real numbers that are inherited", { ...asked, inputs: Object.create(named.inputs) });
refuse("chain: real numbers by name", () => verifyChain(verifiers, chain, { steps: [{ allow_development_srs, inputs: named.inputs }, ...steps.slice(1)], links }));

const unlinked = verifyChain(verifiers, fixture("unlinked.chain"), good);
assert.deepEqual([unlinked.accepted, unlinked.links[1].code], [false, "link-value"]);
const text = JSON.stringify(good);
assert.equal(verifyChainToText(verifiers, chain, text, { times: false }), verifyChainToText(verifiers, chain, good, { times: false }));
console.log(`expectations: ${tried} values refused`);
