#!/usr/bin/env node
// A chain for development: anvil, two test tokens, the contract, and an account that has deposits.
//
//     node scripts/local-chain.js [--port 8545] [--days 3] [--tick 12] [--attached]
//
// Prints one line of JSON when all is there, and runs until it is told to stop, or, with --attached, until its standard
// input ends: a program that starts it so and dies leaves no chain behind. The first deposit is `days` old; an empty
// block is mined every `tick` seconds (0: never), so that the chain's time goes on. README.md says what the JSON holds.
const { artifact, calldata, cast, rpc, send, startAnvil } = require("./chain.js");
const { deploy } = require("./deploy.js");

const ETHER = 10n ** 18n;

async function create(url, from, name, ...encoded) {
  const receipt = await send(url, from, null, artifact(name).bytecode + (encoded.length ? cast("abi-encode", ...encoded).slice(2) : ""));
  return cast("to-check-sum-address", receipt.contractAddress);
}

/** Starts a chain and fills it. `timestamp` fixes the time of its first block. */
async function localChain({ port = 0, days = 3, timestamp } = {}) {
  const begin = timestamp ?? Math.floor(Date.now() / 1000) - days * 86400;
  const chain = await startAnvil({ port, timestamp: begin });
  try {
    const { url } = chain;
    const accounts = (await rpc(url, "eth_accounts")).map((account) => cast("to-check-sum-address", account));
    const [owner, claimManager, depositor, newcomer] = accounts;
    const weth = await create(url, owner, "WrappedEther");
    const restaked = await create(url, owner, "PlainToken", "constructor(string,string,uint8)", "Restaked Ether", "rETH.test", "18");
    const given = { owner, claimManager, claimDelay: 3600, depositStopTime: null, tokens: [weth, restaked] };
    const deployed = await deploy(url, given, { from: owner });
    const vault = deployed.address;
    for (const account of [depositor, newcomer]) {
      await send(url, account, weth, calldata("deposit()"), "0x" + (50n * ETHER).toString(16));
      await send(url, owner, restaked, calldata("mint(address,uint256)", account, 100n * ETHER));
    }
    const approve = calldata("approve(address,uint256)", vault, 40n * ETHER);
    const step = async (fraction) => {
      await rpc(url, "evm_increaseTime", Math.floor(days * 86400 * fraction));
      await rpc(url, "evm_mine");
    };
    const put = (token, amount) => send(url, depositor, vault, calldata("deposit(address,uint256)", token, amount));
    await send(url, depositor, weth, approve);
    await send(url, depositor, restaked, approve);
    await put(weth, 2n * ETHER);
    await step(1 / 3);
    await put(restaked, (125n * ETHER) / 10n);
    await step(1 / 3);
    await send(url, depositor, vault, calldata("withdraw(address,uint256)", weth, ETHER / 2n));
    await step(1 / 3);
    const tokens = [
      { address: weth, symbol: "WETH", decimals: 18 },
      { address: restaked, symbol: "rETH.test", decimals: 18 },
    ];
    const { chainId, blockNumber: firstBlock, gasUsed } = deployed;
    const made = { rpcUrl: url, chainId, contract: vault, firstBlock, tokens, account: depositor, newcomer, owner, claimManager, gasUsed };
    return { chain, made };
  } catch (error) {
    await chain.stop();
    throw error;
  }
}

function parse(argv) {
  const options = { port: 8545, days: 3, tick: 12, attached: false };
  for (let i = 0; i < argv.length; i++) {
    const name = argv[i].replace(/^--/, "");
    if (argv[i] === "--attached") options.attached = true;
    else if (["--port", "--days", "--tick"].includes(argv[i]) && /^\d{1,5}$/.test(argv[i + 1] ?? "")) options[name] = Number(argv[++i]);
    else throw new Error("usage: local-chain.js [--port <port>] [--days <days>] [--tick <seconds>] [--attached]");
  }
  return options;
}

async function main(argv) {
  const { port, days, tick, attached } = parse(argv);
  const { chain, made } = await localChain({ port, days });
  chain.child.once("exit", (code) => (console.error(`anvil ended with ${code}`), process.exit(1)));
  const stop = () => (chain.child.removeAllListeners("exit"), chain.stop().then(() => process.exit(0)));
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, stop);
  if (attached) process.stdin.on("end", stop).on("error", stop).resume();
  if (tick) setInterval(() => rpc(made.rpcUrl, "evm_mine").catch((error) => console.error(error.message)), tick * 1000);
  console.log(JSON.stringify(made));
}

module.exports = { localChain };
if (require.main === module) main(process.argv.slice(2)).catch((error) => (console.error(error.message), (process.exitCode = 1)));
