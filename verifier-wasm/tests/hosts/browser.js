// node browser.js ROOT PATH OUT    serves ROOT, opens PATH in headless Chromium, writes what it posts to /result
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";

const [root, path, out] = process.argv.slice(2);
const types = { ".html": "text/html", ".js": "text/javascript", ".json": "application/json", ".wasm": "application/wasm" };

let finish;
const posted = new Promise((resolve) => (finish = resolve));
const server = createServer((request, response) => {
  if (request.method === "POST") {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => (response.end(), finish(Buffer.concat(parts))));
    return;
  }
  try {
    const file = join(root, normalize(new URL(request.url, "http://localhost").pathname));
    const body = readFileSync(file);
    // No other header: no cross-origin isolation, nothing that a static folder would not send.
    response.writeHead(200, { "Content-Type": types[extname(file)] ?? "application/octet-stream" });
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const address = `http://127.0.0.1:${server.address().port}/${path}`;

const profile = mkdtempSync(join(tmpdir(), "vouch-chromium-"));
const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run"];
flags.push("--disable-background-networking", "--disable-component-update", "--disable-sync", `--user-data-dir=${profile}`);
const chromium = spawn(process.env.VOUCH_CHROMIUM ?? "chromium", [...flags, address], { stdio: "ignore" });
const ended = new Promise((_, reject) => {
  chromium.on("error", (error) => reject(new Error(`cannot run Chromium: ${error.message}`)));
  chromium.on("exit", () => reject(new Error("Chromium ended before the page had a result")));
});
const late = new Promise((_, reject) => setTimeout(() => reject(new Error("no result from the page in 5 minutes")), 300_000).unref());
try {
  writeFileSync(out, await Promise.race([posted, ended, late]));
} finally {
  chromium.kill();
  await ended.catch(() => {});
  server.close();
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
}
process.exit(0);
