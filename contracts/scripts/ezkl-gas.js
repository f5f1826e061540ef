#!/usr/bin/env node
// Measures the contracts that EZKL makes for a model, with this project's compiler and chain: docs/evm.md has the figures.
//
//     node scripts/ezkl-gas.js <folder>
//
// The folder has what EZKL 23.0.5 wrote: verifier.sol and calldata.bytes of `create_evm_verifier` and `encode_evm_calldata`; and
// reusable.sol, vka.bytes and reusable.bytes of the same with `reusable=True`, of `create_evm_vka`, and of the calldata for it.
const fs = require("node:fs");
const path = require("node:path");
const solc = require("solc");
const { cast, rpc, send, startAnvil } = require("./chain.js");

/** The only contract of a file, compiled as ours are (foundry.toml). */
function compile(file) {
  const settings = {
    evmVersion: "cancun",
    optimizer: { enabled: true, runs: 1000 },
    metadata: { bytecodeHash: "none", appendCBOR: false },
    outputSelection: { "*": { "*": ["evm.bytecode.object", "evm.deployedBytecode.object"] } },
  };
  const input = { language: "Solidity", sources: { file: { content: fs.readFileSync(file, "utf8") } }, settings };
  const out = JSON.parse(solc.compile(JSON.stringify(input)));
  const errors = (out.errors ?? []).filter((error) => error.severity === "error");
  if (errors.length) throw new Error(errors[0].formattedMessage);
  const [{ evm }] = Object.values(out.contracts.file);
  return { code: `0x${evm.bytecode.object}`, bytes: evm.deployedBytecode.object.length / 2 };
}

async function main(dir) {
  if (!dir) throw new Error("usage: ezkl-gas.js <folder>");
  const read = (name) => fs.readFileSync(path.join(dir, name));
  const chain = await startAnvil();
  try {
    const [from] = await rpc(chain.url, "eth_accounts");
    for (const [source, call] of [["verifier.sol", "calldata.bytes"], ["reusable.sol", "reusable.bytes"]]) {
      const { code, bytes } = compile(path.join(dir, source));
      const deployed = await send(chain.url, from, null, code);
      const to = deployed.contractAddress;
      let registration = 0;
      if (source === "reusable.sol") {
        // A length of 8 bytes, then words.
        const words = read("vka.bytes").subarray(8).toString("hex").match(/.{64}/g).map((word) => `0x${word}`);
        const data = cast("calldata", "registerVka(bytes32[])", `[${words.join(",")}]`);
        registration = Number((await send(chain.url, from, to, data)).gasUsed);
      }
      const data = `0x${read(call).toString("hex")}`;
      const answer = await rpc(chain.url, "eth_call", { from, to, data }, "latest");
      if (BigInt(answer.slice(0, 66)) !== 1n) throw new Error(`${source}: refused`);
      const verify = Number((await send(chain.url, from, to, data)).gasUsed);
      console.log(JSON.stringify({ source, bytes, deployment: Number(deployed.gasUsed), registration, calldata: data.length / 2 - 1, verify }));
    }
  } finally {
    await chain.stop();
  }
}

main(process.argv[2]).catch((error) => (console.error(error.message), (process.exitCode = 1)));
