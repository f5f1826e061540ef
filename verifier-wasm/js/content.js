// What an accepted proof says, by name: real numbers in the model's units, and the integers that stand for them.

import { VouchError } from "./error.js";

function malformed(message) {
  return new VouchError("expected", "malformed", message);
}

/** The real numbers that integers of a tensor stand for: `integer / scale`. */
export function toReals(tensor, integers) {
  return Array.from(integers, (integer) => Number(integer) / tensor.scale);
}

/**
 * The integers that stand for real numbers of a tensor, `round(real * scale)`, halves away from zero, as decimal text.
 * An error if one is not finite or not in the tensor's range.
 */
export function toIntegers(tensor, reals) {
  return Array.from(reals, (real, index) => {
    if (typeof real !== "number" || !Number.isFinite(real)) {
      throw malformed(`${tensor.name}[${index}]: expected a finite number`);
    }
    const product = real * tensor.scale;
    const rounded = Math.sign(product) * Math.round(Math.abs(product));
    // Beyond doubles there is no BigInt, and no tensor has so large a range.
    const integer = Number.isFinite(rounded) ? BigInt(rounded) : undefined;
    if (integer === undefined || integer < BigInt(tensor.min) || integer > BigInt(tensor.max)) {
      const [min, max] = toReals(tensor, [tensor.min, tensor.max]);
      throw malformed(`${tensor.name}[${index}]: ${real} is not from ${min} to ${max}`);
    }
    return `${integer}`;
  });
}

/** The numbers of nested arrays and typed arrays, in row-major order. */
function flat(name, value, into) {
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) value = Array.from(value, Number);
  if (typeof value === "number") {
    into.push(value);
  } else if (Array.isArray(value) && Reflect.ownKeys(value).length === value.length + 1) {
    for (let index = 0; index < value.length; index += 1) {
      const property = Object.getOwnPropertyDescriptor(value, index);
      if (property === undefined || !("value" in property)) throw malformed(`${name}: an array with holes or computed items`);
      flat(name, property.value, into);
    }
  } else {
    throw malformed(`${name}: expected a number or an array of numbers without holes`);
  }
  return into;
}

/**
 * The integers of all public tensors of a section, from real numbers by name: own plain fields of a plain object. Every
 * public tensor must be there, and nothing else.
 */
export function integersByName(section, tensors, named) {
  const prototype = Object.getPrototypeOf(named);
  if (prototype !== null && prototype !== Object.prototype) throw malformed(`${section}: expected an array or a plain object`);
  const shown = tensors.filter((tensor) => tensor.visibility === "public");
  for (const key of Reflect.ownKeys(named)) {
    if (!shown.some((tensor) => tensor.name === key)) throw malformed(`${section}: ${String(key)} is not one of the public tensors`);
  }
  return shown.flatMap((tensor) => {
    const property = Object.getOwnPropertyDescriptor(named, tensor.name);
    if (property === undefined) throw malformed(`${section}: ${tensor.name} is missing`);
    if (!("value" in property) || !property.enumerable) throw malformed(`${section}: ${tensor.name} is computed or hidden: give a plain value`);
    const reals = flat(tensor.name, property.value, []);
    const size = tensor.shape.reduce((product, axis) => product * axis, 1);
    if (reals.length !== size) throw malformed(`${tensor.name}: expected ${size} values, got ${reals.length}`);
    return toIntegers(tensor, reals);
  });
}

/** The tensors of a section by name, each with what the envelope shows of it. */
function section(tensors, integers, hashes) {
  let [place, hash] = [0, 0];
  const content = (tensor) => {
    const { name, shape, unit, scale, visibility } = tensor;
    const shown = { name, shape, unit, scale, visibility, values: null, integers: null, hash: null };
    if (visibility === "public") {
      const size = shape.reduce((product, axis) => product * axis, 1);
      shown.integers = integers.slice(place, (place += size));
      shown.values = toReals(tensor, shown.integers);
    } else if (visibility === "hashed") {
      shown.hash = hashes[hash++];
    }
    return [name, shown];
  };
  return Object.fromEntries(tensors.map(content));
}

/** What an envelope shows, for the key that has accepted it. */
export function claimOf(model, contents) {
  return {
    model_id: contents.model_id,
    srs_kind: model.srs_kind,
    nonce: contents.nonce,
    inputs: section(model.inputs, contents.inputs, contents.input_hashes),
    outputs: section(model.outputs, contents.outputs, contents.output_hashes),
  };
}
