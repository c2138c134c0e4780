import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { demoUser, ensureDemoUser } from "./demo-user.ts";
import { detach } from "./detach.ts";
import { choosePorts } from "./dev-ports.ts";
import { mailsPath } from "./mails.ts";
import { devDir } from "./paths.ts";
import { parsePort } from "./ports.ts";
import type { Running } from "./running.ts";
import { claim, findRunning, release, update } from "./running.ts";
import type { LocalStack } from "./stack.ts";
import { startStack } from "./stack.ts";

const usage = `npm start [-- options]
  --detach      return when the system answers; npm stop ends it
  --port <n>    port of the API (also KAIZEN_PORT; KAIZEN_AWS_PORT and KAIZEN_MODEL_PORT choose the others)
  KAIZEN_MODEL_URL   an OpenAI-compatible server in place of the scripted model`;

try {
  const { values } = parseArgs({
    options: { detach: { type: "boolean" }, port: { type: "string" }, help: { type: "boolean" } },
  });
  const running = await findRunning();
  if (values.help === true) console.log(usage);
  else if (running !== undefined) console.log(alreadyRuns(running));
  else if (values.detach === true) process.exitCode = await detach(values.port);
  else await start(values.port);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

function alreadyRuns({ state, pid, summary }: Running): string {
  return state === "ready" ? `Already running (process ${pid}).\n${summary}` : `Already starting (process ${pid}).`;
}

async function start(port: string | undefined): Promise<void> {
  const began = performance.now();
  const seconds = () => `${((performance.now() - began) / 1000).toFixed(1)} s`;
  const log = (line: string) => console.log(`${seconds().padStart(8)}  ${line}`);
  const asked = port === undefined ? {} : { gateway: parsePort(port, "--port") };
  const ports = await choosePorts(join(devDir, "ports.json"), asked, process.env);
  const running: Running = {
    pid: process.pid,
    instance: randomUUID(),
    started_at: Date.now(),
    state: "starting",
    gateway_url: `http://127.0.0.1:${ports.gateway}`,
    aws_url: `http://127.0.0.1:${ports.emulator}`,
    summary: "",
  };
  if (!claim(running)) throw new Error("Another npm start began at the same moment.");
  const modelUrl = process.env.KAIZEN_MODEL_URL;
  const abort = new AbortController();
  let starting: Promise<LocalStack> | undefined;
  let stopping = false;
  const stop = async (code: number) => {
    if (stopping) process.exit(130); // asked twice: now, whatever is not saved
    stopping = true;
    console.log("Stopping and saving the data");
    abort.abort();
    await starting?.then(
      (stack) => stack.stop(),
      () => {}, // a start that failed has cleaned up after itself
    );
    release();
    process.exit(code);
  };
  process.on("SIGINT", () => void stop(130));
  process.on("SIGTERM", () => void stop(0));
  process.on("SIGHUP", () => void stop(0));
  try {
    starting = startStack({
      stateDir: devDir,
      persist: true,
      ports,
      ...(modelUrl ? { modelUrl } : {}),
      status: () => ({ instance: running.instance, state: running.state }),
      signal: abort.signal,
      log,
    });
    const stack = await starting;
    const problem = await ensureDemoUser(stack.apiUrl, stack.endpoint);
    running.summary = summary(stack, problem);
    running.state = "ready";
    update(running);
    log("Ready");
    console.log(`\n${running.summary}`);
    const hold = setInterval(() => {}, 2 ** 30);
    await stack.ended;
    clearInterval(hold);
    if (!stopping) throw new Error(`The local AWS has ended by itself; see ${join(devDir, "emulator.log")}.`);
  } catch (error) {
    if (stopping) return; // what was under way when the user ended it
    console.error(error instanceof Error ? error.message : error);
    await stop(1);
  }
}

function summary({ apiUrl, endpoint, modelServerUrl }: LocalStack, problem: string | undefined): string {
  return [
    `API             ${apiUrl}/api/v1`,
    `API reference   ${apiUrl}/docs`,
    `Sent mails      ${apiUrl}${mailsPath}`,
    `Demo user       ${problem ?? `${demoUser.email}  ${demoUser.password}`}`,
    `AWS endpoint    ${endpoint}  (region us-east-1, key and secret "test")`,
    `Model server    ${modelServerUrl}/v1`,
    `Next            npm run demo`,
    `To end it       Ctrl-C, or npm stop; the data stays until npm run reset`,
  ].join("\n");
}
