export * from "./abi.js";
export * from "./calls.js";
