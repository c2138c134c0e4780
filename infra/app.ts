import { buildApp } from "./build.ts";
import { bundleFunctions, DIST } from "./bundle.ts";

await bundleFunctions();
buildApp({ bundles: DIST }).synth();
