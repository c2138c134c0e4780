import { createRequire } from "node:module";

const load = createRequire(import.meta.url);
const inSources = import.meta.url.endsWith(".ts");

/** Loads a file of the folder `lazy` when it is first asked for. In bundles, which are flat, it stands beside. */
function lazily<T>(name: string): () => T {
  let loaded: T | undefined;
  return () => {
    loaded ??= load(inSources ? `./lazy/${name}.ts` : `./${name}.lazy.mjs`) as T;
    return loaded;
  };
}

/*
 * The engines that what tenants wrote runs on: 250 KB of which most requests need nothing. They are loaded by `require`,
 * which waits: what compiles an expression or a pattern is part of schemas that parse without a pause.
 */

/** The linear-time regular expressions. */
export const re2 = lazily<typeof import("./lazy/re2.ts")>("re2");

/** JSONata's parser and evaluator. */
export const jsonata = lazily<typeof import("./lazy/jsonata.ts")>("jsonata");

/** The validator of JSON Schema. */
export const jsonSchema = lazily<typeof import("./lazy/json-schema.ts")>("json-schema");
