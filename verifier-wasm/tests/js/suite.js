// The cases, for Node, a page and a worker alike.

/** Bytes of hexadecimal text. */
export function bytes(hex) {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** What a case expects, as the package takes it. */
export function expectedOf({ expected: { model_id, allow_development_srs, ...rest } }) {
  return { ...rest, ...(model_id && { modelId: model_id }), allowDevelopmentSrs: allow_development_srs };
}

/** The names of the cases whose report is not the native verifier's, byte for byte. */
export function differing(vouch, keys, cases) {
  const verifiers = Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, vouch.verifier(key)]));
  const same = (c) => verifiers[c.key].verifyJson(bytes(c.envelope), expectedOf(c)) === c.report;
  return cases.filter((c) => !same(c)).map((c) => c.name);
}

/** Milliseconds from the module's bytes to the first report, and the median of later ones. */
export async function times(load, wasm, key, envelope) {
  const expected = { allowDevelopmentSrs: true };
  const start = performance.now();
  const verifier = (await load(wasm)).verifier(key);
  const { accepted } = verifier.verify(envelope, expected);
  const cold = performance.now() - start;
  const warm = Array.from({ length: 101 }, () => verifier.verify(envelope, expected).elapsedMs).sort((a, b) => a - b);
  return { accepted, cold, warm: warm[50] };
}
