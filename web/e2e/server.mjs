// A validator's double: it serves the built dashboard and the API's types, with real keys and real proofs (fixtures).
// What it cannot do is prove: a question is answered with the fixture's envelope for that input. Tests make the page's
// random numbers those of the fixture, or see that the page refuses the answer.
//
// `behaviour` is what a test changes: who lies, and how.

import { createHash } from "node:crypto";
import { readFileSync, existsSync, readdirSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

import { CHAIN, MINERS, VALIDATOR, nonceOf } from "./fixtures/nonce.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".wasm": "application/wasm",
  ".svg": "image/svg+xml",
};
/** The policy that the validator sends with every answer. */
export const CSP =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
  "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/** And with the one script that may reach nodes of Ethereum. */
export const NODE_CSP = "default-src 'none'; connect-src http: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Where the model whose input and output are hashed is. */
export const HASHED = join(HERE, "fixtures/hashed");

/** Keys and envelopes of the fixtures. */
export function fixtures(folder = join(HERE, "fixtures/staking-lstm")) {
  const read = (name) => readFileSync(join(folder, name));
  const json = (name) => JSON.parse(read(name));
  const names = readdirSync(folder).filter((name) => name.endsWith(".envelope")).sort();
  const modelId = read(names[0]).subarray(10, 42).toString("hex");
  const small = (name) => readFileSync(join(HERE, "../../crates/verify/verifier/tests/fixtures", name));
  return {
    // A model that this validator does not have.
    smallKey: small("small.key"),
    smallEnvelope: small("small-0.envelope"),
    key: read("verifier.key"),
    report: json("report.json"),
    schema: json("schema.json"),
    proofs: names.map((name) => ({
      id: name.replace(".envelope", ""),
      envelope: read(name),
      input: json(name.replace(".envelope", ".input.json")),
      hidden: existsSync(join(folder, name.replace(".envelope", ".hidden.json"))) ? json(name.replace(".envelope", ".hidden.json")) : null,
      ...nonceOf(name.replace(".envelope", ""), modelId),
    })),
    modelId,
  };
}

const digest = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest("hex");

/** The state that the double tells about; the same in every run, so that screenshots can be compared. */
function world(fixture) {
  const start = Date.now() - 26 * 60_000;
  const miners = MINERS.map((id, index) => ({
    id,
    score: [0.913, 0.742, 0.061][index],
    weight: [0.532, 0.432, 0.036][index],
    verified: [214, 198, 9][index],
    refused: [0, 0, 41][index],
    missing: [1, 3, 12][index],
    response_ms: [684, 1130, 905][index],
    proof_bytes: fixture.proofs[0].envelope.length,
    seen_ms: Date.now() - [2000, 5000, 61_000][index],
  }));
  const history = (index) => ({
    scores: Array.from({ length: 80 }, (_, i) => [
      start + i * 18_000,
      index === 2 ? 0.4 * 0.6 ** (i / 6) + 0.03 * (1 + Math.sin(i)) : miners[index].score * (1 - 0.9 ** (i + 1)),
    ]),
    responses_ms: Array.from({ length: 60 }, (_, i) => miners[index].response_ms * (0.85 + 0.3 * Math.abs(Math.sin(i * 1.7)) ** 3)),
    proof_bytes: Array.from({ length: 60 }, (_, i) => fixture.proofs[i % fixture.proofs.length].envelope.length),
    proofs: index === 2 ? [] : fixture.proofs.map((proof, i) => ({
      id: proof.id,
      model_id: fixture.modelId,
      at_ms: Date.now() - i * 20_000,
      bytes: proof.envelope.length,
      response_ms: miners[index].response_ms + i * 11,
    })),
  });
  const kinds = [["verified", "answer accepted"], ["scored", "score updated"], ["refused", "answer refused by pairing"], ["weights", "weights published"]];
  let hash = digest("genesis");
  const log = Array.from({ length: 40 }, (_, i) => {
    const [kind, text] = kinds[i % 4];
    hash = digest(hash, String(i));
    return { seq: i + 1, at_ms: start + i * 30_000, kind, text: `${text}, miner ${miners[i % 3].id.slice(0, 8)}`, hash };
  }).reverse();
  return { start, miners, history, log };
}

/** Starts the double. */
export async function start({ dist, port = 0, behaviour = {}, fixture = fixtures(), predictions = new Map() }) {
  const state = world(fixture);
  const verifier = readFileSync(join(dist, "assets/verifier/vouch_verifier.wasm"));
  const summary = {
    id: fixture.modelId,
    name: "staking-lstm",
    version: "1.0.0",
    description: "Predicts how many hours a liquid-staking redemption takes, from five observations of the queues.",
    srs_kind: "development",
    miners: 3,
  };
  const card = {
    ...summary,
    author: "Vouch",
    // The page takes scales and ranges from the key, so what is said here must not matter.
    inputs: fixture.schema.inputs.map((field) => ({ ...field, shape: [1, 5, 1], scale: 1 })),
    outputs: fixture.schema.outputs.map((field) => ({ ...field, shape: [1, 1], scale: 1, min: 0, max: 1 })),
    sample: fixture.proofs[0].input,
    uncertainty: { mean_abs: 9.94, source: "simulated test set of 47,019 requests" },
    accuracy: behaviour.privateWeights ? undefined : fixture.report.accuracy,
    ...(behaviour.privateWeights && { weights: "private", stated: { [fixture.schema.outputs[0].name]: 0.25 } }),
    parameters: fixture.report.parameters,
    k: 11,
    proof_bytes: fixture.proofs[0].envelope.length,
    key_bytes: fixture.key.length,
    srs_identity: digest("srs"),
    has_layout: false,
  };
  const network = () => ({
    version: "0.1.0",
    chain: CHAIN,
    validator: VALIDATOR,
    verifier_sha256: behaviour.otherVerifier ? digest("another program") : digest(verifier),
    started_ms: state.start,
    health: [
      { name: "Store", ok: true, detail: "writable" },
      { name: "Verifier", ok: true, detail: "wasmtime, with limits" },
      { name: "Miners", ok: true, detail: "3 registered, 3 answering" },
    ],
    epoch: 26,
    epoch_ends_ms: Date.now() + 41_000,
    weights: state.miners.map(({ id, weight }) => ({ miner: id, weight })),
    waiting: 0,
    in_flight: 2,
    in_flight_limit: 16,
  });
  const envelope = (id) => {
    const proof = fixture.proofs.find((proof) => proof.id === id);
    if (!proof) return null;
    return behaviour.envelope ? behaviour.envelope(proof.envelope) : proof.envelope;
  };
  const ask = (body) => {
    const same = (proof) => JSON.stringify(proof.input) === JSON.stringify(sorted(body.inputs));
    const proof = fixture.proofs.find(same) ?? fixture.proofs[0];
    const id = `p${predictions.size + 1}`;
    predictions.set(id, { polls: 0, proof, userPart: body.user_part, salt: body.salt, created: Date.now() });
    return prediction(id);
  };
  // Once, and to who has the salt.
  const outputs = (id, { salt }) => {
    const entry = predictions.get(id);
    if (!entry?.proof.hidden || entry.fetched || salt !== entry.salt) return null;
    entry.fetched = true;
    return { outputs: behaviour.outputs ? behaviour.outputs(entry.proof.hidden.outputs) : entry.proof.hidden.outputs };
  };
  const prediction = (id) => {
    const entry = predictions.get(id);
    if (!entry) return null;
    const states = ["queued", "proving", "proving", "verifying", "done"];
    const at = behaviour.stuck ? 1 : Math.min(entry.polls, 4);
    entry.polls += 1;
    const failed = behaviour.noMiner && at === 4;
    return {
      id,
      model_id: fixture.modelId,
      user_part: entry.userPart,
      validator_part: at === 4 && !failed ? entry.proof.validatorPart : null,
      nonce: at === 4 && !failed ? entry.proof.nonce : null,
      created_ms: entry.created,
      state: failed ? "failed" : states[at],
      miner: at > 0 ? state.miners[0].id : null,
      attempts: 1,
      proof_id: at === 4 && !failed ? entry.proof.id : null,
      error: failed ? "three miners were asked, and none gave a proof in time" : null,
      // What a liar says about itself. The page must not care.
      verified: true,
      outputs: ["999999"],
    };
  };

  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://localhost");
    const send = (status, type, body) => {
      response.writeHead(status, {
        "content-type": type,
        "content-security-policy": url.pathname === "/assets/node-worker.js" ? NODE_CSP : CSP,
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
      });
      response.end(body);
    };
    const json = (body, status = 200) => send(status, status < 400 ? "application/json" : "application/problem+json", JSON.stringify(body));
    const missing = () => json({ title: "Not found", status: 404, detail: `There is nothing at ${url.pathname}.` }, 404);
    const found = (body) => (body === null || body === undefined ? missing() : json(body));
    const [, version, what, id, part] = url.pathname.split("/");
    if (version !== "v1") return file(url.pathname, send);
    if (behaviour.delay) await new Promise((done) => setTimeout(done, behaviour.delay));
    if (behaviour.empty && ["models", "miners", "log"].includes(what)) return json([]);
    const miner = state.miners.findIndex((miner) => miner.id === id);
    switch (`${request.method} ${what}${id ? "/:id" : ""}${part ? `/${part}` : ""}`) {
      case "GET network": return json(network());
      case "GET log": return json(state.log);
      case "GET models": return json([summary, ...(behaviour.models ?? [])]);
      case "GET models/:id": return id === fixture.modelId ? json(card) : missing();
      case "GET models/:id/key": return id === fixture.modelId || behaviour.wrongKey ? send(200, "application/octet-stream", behaviour.wrongKey ?? fixture.key) : missing();
      case "GET miners": return json(state.miners);
      case "GET miners/:id": return miner < 0 ? missing() : json(state.history(miner));
      case "GET proofs/:id/envelope": return envelope(id) ? send(200, "application/octet-stream", envelope(id)) : missing();
      case "POST predictions": return json(ask(JSON.parse(await text(request))), 202);
      case "GET predictions/:id": return found(prediction(id));
      case "POST predictions/:id/outputs": return found(outputs(id, JSON.parse(await text(request))));
      case "POST deposits/:id": return id === "rpc" && behaviour.chain ? passOn(behaviour.chain, await text(request), json) : missing();
      case "GET onchain": return json(behaviour.onchain ?? { contract: null });
      case "GET deposits": return json(behaviour.deposits ?? { contract: null });
      default: return missing();
    }
  });

  function file(path, send) {
    const clean = normalize(path).replace(/^(\.\.[/\\])+/, "");
    const full = join(dist, clean);
    if (path !== "/" && extname(full) && existsSync(full)) return send(200, TYPES[extname(full)] ?? "application/octet-stream", readFileSync(full));
    if (path.startsWith("/assets/")) return send(404, "text/plain", "not here");
    return send(200, TYPES[".html"], readFileSync(join(dist, "index.html")));
  }

  await new Promise((done) => server.listen(port, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    port: server.address().port,
    behaviour,
    fixture,
    // What a validator keeps over a restart.
    predictions,
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

/** Asks the chain's node, as a validator does: only what reads. */
async function passOn(url, body, json) {
  const READS = ["eth_chainId", "eth_call", "eth_getLogs", "eth_getBlockByNumber"];
  const { id, method, params } = JSON.parse(body);
  if (!READS.includes(method)) return json({ title: "Not passed on", status: 403, detail: method }, 403);
  try {
    const answer = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ jsonrpc: "2.0", id, method, params }) });
    return json(await answer.json());
  } catch {
    return json({ title: "The chain's node does not answer", status: 503, detail: "no connection" }, 503);
  }
}

const sorted = (object) => Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));

async function text(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const dist = process.argv[2] ?? join(HERE, "../../target/web");
  const { url } = await start({ dist, port: Number(process.argv[3] ?? 8080) });
  console.log(`the double serves ${dist} at ${url}`);
}
