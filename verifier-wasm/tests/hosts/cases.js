// Runs the cases in any JavaScript host. Returns one answer a case, as the verifier gave it.

export function runCases(cases, vouch) {
  const { Verifier, VouchError, inspectToText } = vouch;
  const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  let last = { hex: undefined, verifier: undefined };
  const load = (hex) => {
    if (last.hex !== hex) {
      last.verifier?.free();
      last = { hex: undefined, verifier: undefined };
      last = { hex, verifier: new Verifier(unhex(hex)) };
    }
    return last.verifier;
  };
  const calls = {
    verify: (c) => load(c.key).verifyToText(unhex(c.envelope), c.expected, { times: false }),
    describe: (c) => load(c.key).describeToText(),
    inspect: (c) => inspectToText(unhex(c.envelope)),
    chain: (c) => {
      const verifiers = new Map();
      try {
        for (const key of c.key.split(",")) verifiers.has(key) || verifiers.set(key, new Verifier(unhex(key)));
        const keys = c.key.split(",").map((key) => verifiers.get(key));
        return vouch.verifyChainToText(keys, unhex(c.envelope), c.expected, { times: false });
      } finally {
        for (const verifier of verifiers.values()) verifier.free();
      }
    },
    inspectChain: (c) => vouch.inspectChainToText(unhex(c.envelope)),
  };
  return cases.map((c) => {
    try {
      return calls[c.call](c);
    } catch (error) {
      if (!(error instanceof VouchError) || error.kind === "abi") throw error;
      const { kind, code, message } = error;
      return JSON.stringify({ kind, code, message });
    }
  });
}

/** Times the verification of one case: the median of warm runs, in milliseconds. */
export function timeCase(c, { Verifier }, runs = 60) {
  const unhex = (text) => Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));
  const verifier = new Verifier(unhex(c.key));
  const envelope = unhex(c.envelope);
  const times = [];
  for (let i = 0; i < runs + 10; i++) {
    const start = performance.now();
    verifier.verifyToText(envelope, c.expected, { times: false });
    times.push(performance.now() - start);
  }
  verifier.free();
  return times.slice(10).sort((a, b) => a - b)[runs >> 1];
}
