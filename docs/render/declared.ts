import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

/** Loads every module of the product that holds this text, in the order of their paths. */
export async function loadDeclaring(text: string): Promise<void> {
  const modules = globSync(["functions/**/*.ts", "shared/**/*.ts"], { cwd: root })
    .filter((file) => readFileSync(join(root, file), "utf8").includes(text))
    .sort();
  for (const module of modules) await import(join(root, module));
}
