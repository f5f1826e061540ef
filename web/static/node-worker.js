// The worker that asks a node of Ethereum which the user has chosen. The page's own policy lets it reach no address but the
// validator's; this script's policy, which the validator sends with it, lets it reach others. So it asks what the page asks and
// nothing else, and is given nothing but these questions.
//
// A message is { id, node, method, params: JSON text }; an answer is { id, ok: text } or { id, error: text }, where the text
// is "unreachable", "slow", "long" or "status 404".

const METHODS = ["eth_chainId", "eth_getCode", "eth_call", "eth_estimateGas"];
const PATIENCE_MS = 20_000;
const LONGEST = 1 << 20;

async function ask({ node, method, params }) {
  const url = new URL(node);
  if (!METHODS.includes(method) || !["http:", "https:"].includes(url.protocol)) throw "unreachable";
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), PATIENCE_MS);
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: JSON.parse(params) }),
      credentials: "omit",
      cache: "no-store",
      referrerPolicy: "no-referrer",
      redirect: "error",
      signal: patience.signal,
    });
    const text = await read(response);
    // Nodes that refuse a question may say so with any status; the reason is in the answer.
    if (!response.ok && !text.trimStart().startsWith("{")) throw `status ${response.status}`;
    return text;
  } catch (error) {
    if (typeof error === "string") throw error;
    throw patience.signal.aborted ? "slow" : "unreachable";
  } finally {
    clearTimeout(timer);
  }
}

/** The text of an answer, as far as it may go. */
async function read(response) {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let [text, length] = ["", 0];
  while (reader) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > LONGEST) {
      await reader.cancel();
      throw "long";
    }
    text += decoder.decode(value, { stream: true });
  }
  return text + decoder.decode();
}

onmessage = async ({ data }) => {
  try {
    postMessage({ id: data.id, ok: await ask(data) });
  } catch (error) {
    postMessage({ id: data.id, error: typeof error === "string" ? error : "unreachable" });
  }
};
