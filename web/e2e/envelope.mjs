// As much of the envelope's format as a liar needs.

/** Where the first output's value starts. */
export function outputOffset(bytes) {
  let at = 8 + 2 + 64;
  const hashes = bytes[at] === 1;
  at += 1;
  let count = bytes.readUInt32LE(at);
  at += 4;
  for (; count > 0; count -= 1) {
    while (bytes[at] & 0x80) at += 1;
    at += 1;
  }
  if (hashes) at += 4 + 32 * bytes.readUInt32LE(at);
  return at + 1 + 4;
}

/** The envelope with its first output changed a little. */
export function withOtherOutput(bytes) {
  const changed = Buffer.from(bytes);
  changed[outputOffset(bytes)] ^= 2;
  return changed;
}

/** The outputs of an envelope without hashes: zigzag variable-length integers. */
export function outputs(bytes) {
  let at = outputOffset(bytes);
  const count = bytes.readUInt32LE(at - 4);
  return Array.from({ length: count }, () => {
    let [value, shift] = [0n, 0n];
    for (;;) {
      const byte = bytes[at++];
      value |= BigInt(byte & 0x7f) << shift;
      if (!(byte & 0x80)) break;
      shift += 7n;
    }
    return Number(value & 1n ? -(value >> 1n) - 1n : value >> 1n);
  });
}
