// The local chain, and calls to any chain: anvil and cast from npm, nothing else.
const { execFileSync, spawn } = require("node:child_process");
const path = require("node:path");

const root = path.join(__dirname, "..");
const NEVER = 2n ** 48n - 1n;

/** The path of one of Foundry's programs: from the package for this platform, or, where there is none, from PATH. */
function program(name) {
  const arch = { x64: "amd64", arm64: "arm64" }[process.arch];
  const file = process.platform === "win32" ? `${name}.exe` : name;
  try {
    return require.resolve(`@foundry-rs/${name}-${process.platform}-${arch}/bin/${file}`, { paths: [root] });
  } catch {
    return file;
  }
}

/** Runs cast, and returns what it printed. */
function cast(...args) {
  return execFileSync(program("cast"), args, { encoding: "utf8", maxBuffer: 1 << 26, stdio: ["ignore", "pipe", "pipe"] }).trim();
}

/** One call over JSON-RPC. */
async function rpc(url, method, ...params) {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
  const answer = await response.json();
  if (answer.error) throw new Error(`${method}: ${answer.error.message}`);
  return answer.result;
}

/** Starts anvil; `port` 0 lets it choose. Resolves when it listens. */
function startAnvil({ port = 0, timestamp } = {}) {
  const args = ["--port", String(port), "--chain-id", "31337"];
  if (timestamp !== undefined) args.push("--timestamp", String(timestamp));
  const child = spawn(program("anvil"), args, { stdio: ["ignore", "pipe", "inherit"] });
  const stop = () => new Promise((done) => (child.exitCode === null ? (child.once("exit", done), child.kill()) : done()));
  return new Promise((resolve, reject) => {
    let printed = "";
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`anvil ended with ${code}: ${printed.slice(-500)}`)));
    child.stdout.on("data", (data) => {
      if (printed.length > 1 << 16) return;
      printed += data;
      const found = printed.match(/Listening on (\S+)/);
      if (found) resolve({ url: `http://${found[1]}`, stop, child });
    });
  });
}

/** Sends a transaction from an account that the node has unlocked; returns the receipt of a success. */
async function send(url, from, to, data, value = "0x0") {
  const hash = await rpc(url, "eth_sendTransaction", { from, ...(to ? { to } : {}), data, value });
  const receipt = await waitFor(url, hash);
  if (receipt.status !== "0x1") throw new Error(`transaction ${hash} reverted`);
  return receipt;
}

/** The receipt of a transaction, once there is one. */
async function waitFor(url, hash, attempts = 600) {
  for (let i = 0; i < attempts; i++) {
    const receipt = await rpc(url, "eth_getTransactionReceipt", hash);
    if (receipt) return receipt;
    await new Promise((done) => setTimeout(done, i < 20 ? 20 : 1000));
  }
  throw new Error(`no receipt for ${hash}`);
}

/** Sends code as a contract, from an unlocked account `from`, or with the encrypted key of a file `keystore`. */
async function create(url, code, { from, keystore, passwordFile }) {
  if (from) return send(url, from, null, code);
  const signer = ["--keystore", keystore, "--password-file", passwordFile];
  const sent = JSON.parse(cast("send", "--json", "--rpc-url", url, ...signer, "--create", code));
  const receipt = await waitFor(url, sent.transactionHash);
  if (receipt.status !== "0x1") throw new Error(`transaction ${sent.transactionHash} reverted`);
  return receipt;
}

/** Compares the code at an address with the committed one. Returns the values of its immutables, one for each place. */
async function compare(url, at, name) {
  const { deployedBytecode, immutables } = artifact(name);
  const code = Buffer.from((await rpc(url, "eth_getCode", at, "latest")).slice(2), "hex");
  const expected = Buffer.from(deployedBytecode.slice(2), "hex");
  if (code.length !== expected.length) throw new Error(`${at} has ${code.length} bytes of code, expected ${expected.length}`);
  const values = immutables.map(({ start, length }) => {
    const value = BigInt("0x" + code.subarray(start, start + length).toString("hex"));
    code.fill(0, start, start + length);
    return value;
  });
  if (!code.equals(expected)) throw new Error(`the code at ${at} is not that of artifacts/${name}.json`);
  return values;
}

/** Where and how a contract was made. */
async function made(url, receipt) {
  return {
    address: cast("to-check-sum-address", receipt.contractAddress),
    chainId: Number(await rpc(url, "eth_chainId")),
    blockNumber: Number(receipt.blockNumber),
    transactionHash: receipt.transactionHash,
    gasUsed: Number(receipt.gasUsed),
  };
}

/** Options of a command that deploys: its file, the chain, and who signs. */
function deployment(argv, usage) {
  const option = (name) => (argv.includes(name) ? argv[argv.indexOf(name) + 1] : undefined);
  const options = { file: argv[0], url: option("--rpc-url"), from: option("--from"), keystore: option("--keystore"), passwordFile: option("--password-file") };
  const signed = options.from || (options.keystore && options.passwordFile);
  if (!options.file || options.file.startsWith("--") || !options.url || !signed) {
    throw new Error(`usage: ${usage} --rpc-url <url> (--from <account> | --keystore <file> --password-file <file>)`);
  }
  return options;
}

const artifact = (name) => require(path.join(root, "artifacts", `${name}.json`));
const calldata = (signature, ...args) => cast("calldata", signature, ...args.map(String));

module.exports = { NEVER, artifact, calldata, cast, compare, create, deployment, made, program, root, rpc, send, startAnvil, waitFor };
