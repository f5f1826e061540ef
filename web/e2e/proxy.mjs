// A liar between page and validator.

import { createServer } from "node:http";

const KEPT = ["content-type", "content-security-policy", "location"];

/**
 * Passes everything on to the validator at `target`, and changes the answers: `change` is given the path and the bytes, and returns bytes.
 * `request` does the same to what the page sends.
 */
export async function proxy(target, change, { request: changeRequest = (path, body) => body } = {}) {
  const server = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const sent = changeRequest(request.url, Buffer.concat(parts));
    const answer = await fetch(target + request.url, {
      method: request.method,
      headers: request.headers["content-type"] ? { "content-type": request.headers["content-type"] } : {},
      body: sent.length > 0 ? sent : undefined,
    });
    const body = change(request.url, Buffer.from(await answer.arrayBuffer()));
    const headers = Object.fromEntries(KEPT.flatMap((name) => answer.headers.has(name) ? [[name, answer.headers.get(name)]] : []));
    response.writeHead(answer.status, headers);
    response.end(body);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    async close() { server.closeAllConnections(); await new Promise((done) => server.close(done)); },
  };
}
