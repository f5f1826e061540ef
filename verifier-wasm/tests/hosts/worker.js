import { run } from "./suite.js";

onmessage = async () => {
  try {
    postMessage(await run());
  } catch (error) {
    postMessage({ error: String(error.stack ?? error) });
  }
};
