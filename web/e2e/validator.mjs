// A real validator without miners, with a deposit contract: `vouch-node`, whose path is in VOUCH_NODE. It does not start
// without models: VOUCH_MODELS is a folder of bundles.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Starts it; resolves when it listens. */
export async function validator({ node, dist, settings }) {
  const dir = mkdtempSync(join(tmpdir(), "vouch-deposits-"));
  const all = { listen: "127.0.0.1:0", log: "error", "validator.models": process.env.VOUCH_MODELS ?? "VOUCH_MODELS is not set", "validator.allow_development_srs": true, "validator.verifier_wasm": join(dist, "assets/verifier/vouch_verifier.wasm"), "validator.dashboard": dist, ...settings };
  const set = Object.entries(all).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
  const child = spawn(node, ["local", "--miners", "0", "--dir", join(dir, "local"), ...set], { stdio: ["ignore", "pipe", "inherit"] });
  const close = () => new Promise((done) => {
    const end = () => { rmSync(dir, { recursive: true, force: true }); done(); };
    if (child.exitCode !== null) return end();
    child.once("exit", end);
    child.kill();
  });
  const url = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`vouch-node ended with ${code}`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const found = line.match(/^validator \S+ on (\S+)/);
      if (found) resolve(found[1]);
    });
  });
  return { url, close };
}
