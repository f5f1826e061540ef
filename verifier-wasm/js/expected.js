// What the caller expects, from JavaScript values to the JSON text that the module reads.
//
// An expectation that gets lost on the way is a check that is not made. So this writes the text itself, from the own data
// fields of plain objects and from arrays without holes, and refuses everything else: JSON.stringify would leave out
// functions, symbols, `undefined`, inherited and hidden fields, turn NaN into null, and ask toJSON for another value.

import { integersByName } from "./content.js";
import { VouchError } from "./error.js";

export function malformed(message) {
  return new VouchError("expected", "malformed", message);
}

/** A value, in words: it may be anything, also something that cannot become text. */
function kind(value) {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : typeof value === "undefined" ? "undefined" : `a ${typeof value}`;
}

/** The own value of a field or an item; a getter could give another one each time. */
function own(object, key, name) {
  const property = Object.getOwnPropertyDescriptor(object, key);
  if (property === undefined) throw malformed(`${name} is missing`);
  if (!("value" in property) || !property.enumerable) throw malformed(`${name} is computed or hidden: give a plain value`);
  return property.value;
}

/** The fields of a plain object as JSON, each written by its function in `writers`. */
function object(name, value, writers, needed = []) {
  if (typeof value !== "object" || value === null) throw malformed(`${name}: expected an object, got ${kind(value)}`);
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) {
    throw malformed(`${name}: expected a plain object, got one of a class, or with inherited fields`);
  }
  const fields = [];
  for (const key of Reflect.ownKeys(value)) {
    if (typeof key === "symbol" || !Object.hasOwn(writers, key)) throw malformed(`${name}: ${String(key)} is unknown`);
    const field = own(value, key, key);
    if (field === undefined) throw malformed(`${key} is undefined: leave it out to accept any`);
    fields.push(`"${key}":${writers[key](field, key)}`);
  }
  for (const key of needed) if (!Object.hasOwn(value, key)) throw malformed(`${name}: ${key} is missing`);
  for (const key of Object.keys(writers)) if (key in value && !Object.hasOwn(value, key)) throw malformed(`${name}: ${key} is inherited`);
  return `{${fields.join(",")}}`;
}

/** The items of an array without holes, or of a typed array, as JSON. */
function list(name, value, write) {
  let items;
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    items = Array.from(value);
  } else if (Array.isArray(value)) {
    // Its own keys are its items and its length: no holes, no fields beside them.
    if (Reflect.ownKeys(value).length !== value.length + 1) throw malformed(`${name}: an array with holes or further fields`);
    items = Array.from({ length: value.length }, (_, index) => own(value, index, `${name}[${index}]`));
  } else {
    throw malformed(`${name}: expected an array, got ${kind(value)}`);
  }
  return `[${items.map((item, index) => write(item, `${name}[${index}]`)).join(",")}]`;
}

/** Text, of which the module decides whether it is a number. */
function text(value) {
  return JSON.stringify(value);
}

function integer(value, name) {
  if (typeof value === "bigint") return `"${value}"`;
  if (typeof value === "string") return text(value);
  if (typeof value !== "number") throw malformed(`${name}: expected an integer, got ${kind(value)}`);
  if (!Number.isSafeInteger(value)) throw malformed(`${name}: ${value} is not an exact integer: use a BigInt or decimal text`);
  return `${value}`;
}

function hexadecimal(value, name) {
  if (typeof value === "string") return text(value);
  if (value instanceof Uint8Array) {
    return `"${Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("")}"`;
  }
  throw malformed(`${name}: expected hexadecimal text or bytes, got ${kind(value)}`);
}

function flag(value, name) {
  if (typeof value !== "boolean") throw malformed(`${name}: expected true or false, got ${kind(value)}`);
  return `${value}`;
}

/** `null` is the same as leaving the field out. */
const optional = (write) => (value, name) => (value === null ? "null" : write(value, name));
const listOf = (write) => (value, name) => list(name, value, write);

const EXPECTED = {
  model_id: optional(hexadecimal),
  nonce: optional(hexadecimal),
  inputs: optional(listOf(integer)),
  outputs: optional(listOf(integer)),
  input_hashes: optional(listOf(hexadecimal)),
  output_hashes: optional(listOf(hexadecimal)),
  allow_development_srs: flag,
};

/** Lists of integers, or real numbers by name. */
const valuesOf = (section, model) => (value, name) => {
  const listed = typeof value !== "object" || Array.isArray(value) || ArrayBuffer.isView(value);
  return list(name, listed ? value : integersByName(section, model()[section], value), integer);
};

const END = { proof: integer, start: integer };
const end = (value, name) => object(name, value, END, ["proof", "start"]);
const LINK = { from: end, to: end, len: integer };
const link = (value, name) => object(name, value, LINK, ["from", "to", "len"]);
const step = (value, name) => object(name, value, EXPECTED);
const CHAIN = { steps: listOf(step), links: listOf(link) };

/** The expectations of an envelope as JSON. Text is JSON already, and the module reads it as strictly. */
export function expectationsOf(expected, model) {
  if (typeof expected === "string") return expected;
  const [inputs, outputs] = ["inputs", "outputs"].map((section) => optional(valuesOf(section, model)));
  return object("the expectations", expected, { ...EXPECTED, inputs, outputs });
}

/** The expectations of a chain as JSON, likewise. */
export function chainExpectationsOf(expected) {
  return typeof expected === "string" ? expected : object("the expectations", expected, CHAIN, ["steps", "links"]);
}
