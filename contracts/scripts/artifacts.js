// Writes abi/, artifacts/ and ts/abi.ts from what forge built, or with --check says whether they are up to date.
const fs = require("node:fs");
const path = require("node:path");

const root = path.join(__dirname, "..");
const CONTRACTS = [
  ["VouchDeposit.sol", "VouchDeposit", ["abi", "artifact"]],
  ["VouchVerifier.sol", "VouchVerifier", ["abi", "artifact"]],
  ["ForecastVault.sol", "ForecastVault", ["abi", "artifact"]],
  ["ERC20Permit.sol", "ERC20Permit", ["abi"]],
  ["Tokens.sol", "PlainToken", ["artifact"]],
  ["Tokens.sol", "WrappedEther", ["artifact"]],
];

// Contracts whose interface TypeScript has, with the name that it has there.
const TYPED = { VouchVerifier: "vouchVerifier", ForecastVault: "forecastVault" };

const files = new Map();
let typed = "// Written by scripts/artifacts.js.\n";
for (const [source, name, kinds] of CONTRACTS) {
  const built = JSON.parse(fs.readFileSync(path.join(root, "out", source, `${name}.json`), "utf8"));
  const settings = built.metadata.settings;
  const immutables = Object.values(built.deployedBytecode.immutableReferences ?? {}).flat();
  const artifact = {
    contractName: name,
    compiler: built.metadata.compiler.version,
    evmVersion: settings.evmVersion,
    optimizer: settings.optimizer,
    abi: built.abi,
    bytecode: built.bytecode.object,
    deployedBytecode: built.deployedBytecode.object,
    immutables: immutables.sort((a, b) => a.start - b.start),
  };
  const json = (value) => JSON.stringify(value, null, 2) + "\n";
  if (kinds.includes("abi")) files.set(`abi/${name}.json`, json(built.abi));
  if (name in TYPED) {
    const selectors = Object.entries(built.methodIdentifiers).map(([form, bytes]) => [form.split("(")[0], `0x${bytes}`]);
    typed += `\nexport const ${TYPED[name]}Abi = ${JSON.stringify(built.abi, null, 2)} as const;\n`;
    typed += `\n/** The first four bytes of calls. */\nexport const ${TYPED[name]}Selectors = ${JSON.stringify(Object.fromEntries(selectors), null, 2)} as const;\n`;
  }
  if (kinds.includes("artifact")) files.set(`artifacts/${name}.json`, json(artifact));
}

files.set("ts/abi.ts", typed);

let stale = 0;
for (const [file, text] of files) {
  const full = path.join(root, file);
  if (process.argv.includes("--check")) {
    if (!fs.existsSync(full) || fs.readFileSync(full, "utf8") !== text) {
      console.error(`${file} is not up to date: npm run artifacts`);
      stale++;
    }
  } else {
    fs.mkdirSync(path.dirname(full), { recursive: true });
    fs.writeFileSync(full, text);
    console.log(file);
  }
}
process.exitCode = stale ? 1 : 0;
