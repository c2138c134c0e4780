import { npmTools, testTools } from "../../local/test-tools.ts";
import { foreignGenerators } from "./support/foreign.ts";
import { type Generator, heyApi, openapiPythonClient, openapiTypescript } from "./support/generators.ts";
import { run } from "./support/make.ts";

// `npm run clients`: makes and compiles a client of docs/openapi.json with every generator that can run here.

await testTools.ensureInstalled(console.log);
await npmTools.ensureInstalled(console.log);

let failed = false;

async function attempt({ name, make }: Generator): Promise<void> {
  try {
    await make();
    console.log(`${name}: compiles`);
  } catch (error) {
    failed = true;
    console.log(`${name}: FAILED\n${error instanceof Error ? error.message : error}`);
  }
}

for (const generator of [openapiTypescript, heyApi, openapiPythonClient]) await attempt(generator);
for (const generator of foreignGenerators) {
  const [program, version] = generator.needs;
  const isThere = await run(program, [version], process.cwd()).then(
    () => true,
    () => false,
  );
  if (isThere) await attempt(generator);
  else console.log(`${generator.name}: skipped, there is no ${program}`);
}
process.exitCode = failed ? 1 : 0;
