// A local chain with the deposit contract, and a wallet: it speaks EIP-1193 to the page, and has the chain's own unlocked
// accounts sign, so every transaction is a real one.

import { createRequire } from "node:module";

const require = createRequire(new URL("../../contracts/scripts/", import.meta.url));
const { localChain } = require("./local-chain.js");
const { calldata, cast, create, rpc, send, startAnvil } = require("./chain.js");
const { deploy, register } = require("./deploy-verifier.js");

export { calldata, cast, create, deploy, localChain, register, rpc, send, startAnvil };

/**
 * Gives a page a wallet for `account` on the chain at `url`. What it shows to the page, and how it answers, is in the
 * object that is returned: tests change it.
 */
export async function wallet(page, { url, account, connected = true, late = false }) {
  const state = { account, connected, chainId: await rpc(url, "eth_chainId"), reject: false, asked: [] };
  const refuse = (code, message) => ({ error: { code, message } });
  const answer = async (method, params) => {
    state.asked.push(method);
    switch (method) {
      case "eth_chainId": return { result: state.chainId };
      case "eth_accounts": return { result: state.connected ? [state.account.toLowerCase()] : [] };
      case "eth_requestAccounts":
        if (state.reject) return refuse(4001, "User rejected the request.");
        state.connected = true;
        return { result: [state.account.toLowerCase()] };
      case "wallet_switchEthereumChain":
        if (state.reject) return refuse(4001, "User rejected the request.");
        await state.change(params[0].chainId);
        return { result: null };
      case "eth_sendTransaction":
        if (state.reject) return refuse(4001, "User rejected the request.");
        if (state.chainId !== await rpc(url, "eth_chainId")) return refuse(4901, "The wallet is on another chain.");
        if (!state.connected || params[0].from.toLowerCase() !== state.account.toLowerCase()) return refuse(4100, "Not this account.");
        break;
      case "eth_estimateGas": case "eth_getTransactionReceipt": break;
      default: return refuse(4200, `The wallet does not do ${method}.`);
    }
    try {
      return { result: await rpc(url, method, ...params) };
    } catch (error) {
      return refuse(-32000, error.message);
    }
  };
  await page.exposeFunction("walletAnswers", answer);
  await page.addInitScript((late) => {
    const listeners = {};
    const provider = {
      async request({ method, params = [] }) {
        const { result, error } = await window.walletAnswers(method, params);
        if (error) throw Object.assign(new Error(error.message), { code: error.code });
        return result;
      },
      on(event, listener) { (listeners[event] ??= new Set()).add(listener); return this; },
      removeListener(event, listener) { listeners[event]?.delete(listener); return this; },
    };
    window.walletComes = () => { window.ethereum = provider; window.dispatchEvent(new Event("ethereum#initialized")); };
    if (!late) window.ethereum = provider;
    window.walletSays = (event, value) => listeners[event]?.forEach((listener) => listener(value));
  }, late);
  const say = (event, value) => page.evaluate(([event, value]) => window.walletSays(event, value), [event, value]);
  state.change = async (chainId) => {
    state.chainId = chainId;
    await say("chainChanged", chainId);
  };
  state.choose = async (chosen) => {
    state.account = chosen;
    await say("accountsChanged", [chosen.toLowerCase()]);
  };
  return state;
}
