import { buildApp, checkContext } from "./build.ts";
import { bundleFunctions, DIST } from "./bundle.ts";
import { DeploymentMistake } from "./context.ts";

try {
  checkContext();
  await bundleFunctions();
  buildApp({ bundles: DIST }).synth();
} catch (error) {
  if (!(error instanceof DeploymentMistake)) throw error;
  console.error(error.message);
  process.exit(1);
}
