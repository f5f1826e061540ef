// node node.js CASES OUT: runs the cases with the installed package. Prints times.
import { readFileSync, writeFileSync } from "node:fs";
import * as vouch from "vouch-verifier";
import { runCases, timeCase } from "./cases.js";

const [cases, out] = process.argv.slice(2);
const list = JSON.parse(readFileSync(cases, "utf8"));
writeFileSync(out, JSON.stringify(runCases(list, vouch)));
const times = list.filter((c) => c.name.endsWith(": honest")).map((c) => [c.name, timeCase(c, vouch)]);
console.log(`node ${process.version}: ${times.map(([name, ms]) => `${name} ${ms.toFixed(2)} ms warm`).join(", ")}`);
