import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { localDir } from "./paths.ts";
import { freePort } from "./ports.ts";
import { forget, startStack } from "./stack.ts";
import { testProviders } from "./test-providers.ts";

// A stack for quick test runs: `node local/test-stack.ts [file]` starts one with empty data, writes its addresses to the
// file and stays in the foreground. Tests that find the file in KAIZEN_TEST_STACK_FILE use it and start nothing.
// SIGHUP deploys what has changed.

const file = resolve(process.argv[2] ?? process.env.KAIZEN_TEST_STACK_FILE ?? join(localDir, "test-stack.json"));
const began = performance.now();
const log = (line: string) => console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${line}`);
const stateDir = mkdtempSync(join(tmpdir(), "kaizen-test-"));
const modelUrl = process.env.KAIZEN_MODEL_URL;

try {
  const abort = new AbortController();
  const stack = await startStack({
    stateDir,
    persist: false,
    context: testProviders,
    dnsServer: `127.0.0.1:${await freePort()}`,
    log,
    signal: abort.signal,
    ...(modelUrl ? { modelUrl } : {}),
  });
  const announce = () => {
    const { outputs, endpoint, apiUrl, streamUrl, modelServerUrl, region, dnsServer, emulatorPid } = stack;
    mkdirSync(dirname(file), { recursive: true });
    const addresses = {
      ...outputs,
      ...{ outputs, endpoint, apiUrl, streamUrl, modelServerUrl, region, dnsServer, emulatorPid },
    };
    writeFileSync(`${file}.new`, `${JSON.stringify(addresses, null, 2)}\n`);
    renameSync(`${file}.new`, file);
    log(`Ready: ${apiUrl}   KAIZEN_TEST_STACK_FILE=${file}   kill -HUP ${process.pid} deploys again`);
  };
  announce();
  let deploying = Promise.resolve();
  process.on("SIGHUP", () => {
    deploying = deploying
      .then(() => stack.redeploy())
      .then(announce, (error: unknown) => {
        if (!abort.signal.aborted) log(error instanceof Error ? error.message : String(error));
      });
  });
  const signalled = new Promise<void>((done) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => done());
  });
  const hold = setInterval(() => {}, 2 ** 30);
  await Promise.race([signalled, stack.ended]);
  clearInterval(hold);
  log("Stopping");
  abort.abort();
  await deploying;
  rmSync(file, { force: true });
  await stack.stop();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  forget(stateDir);
}
