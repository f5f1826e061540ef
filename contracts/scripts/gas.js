// Measures gas a function on a chain of its own, and writes the table into README.md; with --check, compares.
const fs = require("node:fs");
const path = require("node:path");
const { calldata, cast, root, rpc, send } = require("./chain.js");
const { localChain } = require("./local-chain.js");

const MARKS = ["<!-- gas: begin, written by npm run gas -->", "<!-- gas: end -->"];

async function measure() {
  const { chain, made } = await localChain({ timestamp: 1_900_000_000 });
  const { rpcUrl: url, contract: vault, owner, claimManager, account: depositor, newcomer, tokens } = made;
  const [weth, restaked] = tokens.map((token) => token.address);
  const rows = [["deployment, two tokens", made.gasUsed]];
  const run = async (what, from, signature, ...args) =>
    rows.push([what, Number((await send(url, from, vault, calldata(signature, ...args))).gasUsed)]);
  const wait = async (seconds) => (await rpc(url, "evm_increaseTime", seconds), await rpc(url, "evm_mine"));
  try {
    await send(url, newcomer, restaked, calldata("approve(address,uint256)", vault, 10n ** 30n));
    await run("deposit, an account's first of a token", newcomer, "deposit(address,uint256)", restaked, 10n ** 18n);
    await wait(60);
    await run("deposit, its first settlement", newcomer, "deposit(address,uint256)", restaked, 10n ** 18n);
    await wait(60);
    await run("deposit, again", newcomer, "deposit(address,uint256)", restaked, 10n ** 18n);
    await wait(60);
    await run("withdraw, a part", newcomer, "withdraw(address,uint256)", restaked, 10n ** 18n);
    await run("withdrawTo, a part", newcomer, "withdrawTo(address,uint256,address)", restaked, 10n ** 17n, owner);
    await run("withdrawAll", newcomer, "withdrawAll(address)", restaked);
    await run("announceClaim", claimManager, "announceClaim(address)", depositor);
    await wait(3600);
    await run("executeClaim", claimManager, "executeClaim(address)", depositor);
    await run("announceClaim, again", claimManager, "announceClaim(address)", depositor);
    await run("cancelClaim", claimManager, "cancelClaim(address)", depositor);
    await run("removeToken", owner, "removeToken(address)", weth);
    await run("addToken, listed before", owner, "addToken(address)", weth);
    await run("pause", owner, "pause()");
    await run("unpause", owner, "unpause()");
    await run("setDepositStopTime", owner, "setDepositStopTime(uint48)", 2_000_000_000);
    await run("proposeClaimManager", owner, "proposeClaimManager(address)", newcomer);
    await wait(3600);
    await run("acceptClaimManager", newcomer, "acceptClaimManager()");
    await run("revokeClaimManager", owner, "revokeClaimManager()");
    for (const view of ["calculatePoints(address)", "getUserInfo(address)", "accountOverview(address)"]) {
      const gas = cast("estimate", vault, view, depositor, "--rpc-url", url);
      rows.push([`${view.split("(")[0]}, two tokens, as a transaction`, Number(gas)]);
    }
  } finally {
    await chain.stop();
  }
  return rows;
}

async function main(check) {
  const file = path.join(root, "README.md");
  const text = fs.readFileSync(file, "utf8");
  const [begin, end] = MARKS.map((mark) => text.indexOf(mark));
  if (begin < 0 || end < begin) throw new Error("README.md has no place for the table");
  const rows = (await measure()).map(([what, gas]) => `| ${what} | ${gas.toLocaleString("en-US")} |`);
  const table = ["| call | gas |", "| --- | ---: |", ...rows].join("\n");
  const wanted = `${text.slice(0, begin)}${MARKS[0]}\n\n${table}\n\n${text.slice(end)}`;
  if (!check) fs.writeFileSync(file, wanted);
  else if (wanted !== text) throw new Error("the gas table of README.md is not up to date: npm run gas");
}

main(process.argv.includes("--check")).catch((error) => (console.error(error.message), (process.exitCode = 1)));
