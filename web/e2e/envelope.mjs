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
