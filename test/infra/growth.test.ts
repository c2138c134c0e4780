import { cpSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildApp } from "../../infra/build.ts";
import { bundleFunctions, bundleName } from "../../infra/bundle.ts";
import { product } from "../../infra/product.ts";
import { awsAt } from "../../local/aws.ts";
import { deployLocal } from "../../local/deploy.ts";
import { type Emulator, ensureEmulatorInstalled, startEmulator } from "../../local/emulator.ts";
import { apiOnEmulator, forget } from "../../local/stack.ts";
import { listFunctions } from "../../local/stream/functions.ts";
import { thorough } from "../support/thorough.ts";
import { grown, originalOf } from "./growth.ts";
import { flags } from "./support.ts";

const stateDir = mkdtempSync(join(tmpdir(), "kaizen-growth-"));
const larger = grown(product);
let emulator: Emulator;
let outputs: Record<string, string>;

/** The cloud assembly with three times the rooms, as `npm start` would deploy it; copies run the code of their originals. */
async function synthesizeGrown(): Promise<string> {
  const [bundles, outdir] = [join(stateDir, "functions"), join(stateDir, "cdk.out")];
  await bundleFunctions(".", bundles);
  for (const room of larger.rooms) {
    const original = originalOf(room, product);
    if (original === room.name) continue;
    for (const name of Object.keys(room.functions)) {
      const [from, to] = [original, room.name].map((each) => join(bundles, bundleName(each, name)));
      cpSync(from ?? "", to ?? "", { recursive: true });
    }
  }
  buildApp({ bundles, product: larger, context: { ...flags, stage: "local" }, outdir }).synth();
  return outdir;
}

// That the templates have room is asserted by stacks.test.ts and quotas.test.ts; the deployment itself takes minutes.
describe.runIf(thorough)("a product that has grown", () => {
  beforeAll(async () => {
    const assembly = await synthesizeGrown();
    await ensureEmulatorInstalled(() => {});
    emulator = await startEmulator({ stateDir, persist: false });
    const outputsFile = join(stateDir, "outputs.json");
    ({ outputs } = await deployLocal({ endpoint: emulator.endpoint, stateDir, outputsFile, app: assembly }));
  });
  afterAll(async () => {
    await emulator?.stop();
    forget(stateDir);
  });

  it("with three times today's rooms is deployed to the local AWS, and answers", async () => {
    const deployed = await listFunctions(awsAt(emulator.endpoint));
    const expected = larger.rooms.flatMap(({ name, functions }) =>
      Object.keys(functions).map((fn) => `${name}: ${fn}`),
    );
    expect(deployed.map(({ Description }) => Description).sort()).toEqual(expected.sort());
    const answer = await fetch(`${apiOnEmulator(emulator.endpoint, outputs.ApiUrl)}/api/v1/health`);
    expect([answer.status, await answer.json()]).toEqual([200, expect.objectContaining({ status: "ok" })]);
  });
});
