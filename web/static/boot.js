// Starts the application. The shell in index.html stays until the application has drawn itself.
import init from "./app.js";

init({ module_or_path: "/assets/app.wasm" }).catch((error) => {
  const text = document.getElementById("shell-text");
  if (text) {
    text.textContent = `This page could not start: ${error}. A browser of the last three years is needed; reload to try again.`;
  }
});
