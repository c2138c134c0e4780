import { execFile } from "node:child_process";
import { cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { localDir, nodeBinary, repoDir } from "../../../local/paths.ts";
import { npmTools } from "../../../local/test-tools.ts";

export const document = join(repoDir, "docs/openapi.json");

/** An empty folder for one generated client, made anew. */
export function folderFor(client: string): string {
  const folder = join(localDir, "clients", client);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

/**
 * Runs a program to its end.
 * @throws its output, where it fails
 */
export async function run(command: string, args: readonly string[], cwd: string, path?: string): Promise<string> {
  const env = path === undefined ? process.env : { ...process.env, PATH: `${path}:${process.env.PATH}` };
  try {
    const { stdout, stderr } = await promisify(execFile)(command, args, { cwd, env, maxBuffer: 64_000_000 });
    return stdout + stderr;
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`${command} ${args.join(" ")}\n${`${stdout}${stderr}`.slice(-6_000)}`, { cause: error });
  }
}

/** Runs a script of the tests' npm tools on the pinned Node. */
export const runTool = (script: string, args: readonly string[], cwd: string): Promise<string> =>
  run(nodeBinary(), [join(npmTools.directory, "node_modules", script), ...args], cwd);

/** A folder in which a program of `programs/` finds the tests' npm packages. */
export function folderWith(client: string): string {
  const folder = folderFor(client);
  symlinkSync(join(npmTools.directory, "node_modules"), join(folder, "node_modules"));
  cpSync(join(import.meta.dirname, "../programs", `${client}.ts`), join(folder, "program.ts"));
  return folder;
}

/** Compiles what stands in a folder as its users would. @throws the compiler's messages */
export async function compile(folder: string, options: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const compilerOptions = {
    ...{ strict: true, noEmit: true, skipLibCheck: false, target: "es2022", lib: ["es2023", "dom", "dom.iterable"] },
    ...{ module: "esnext", moduleResolution: "bundler", types: [], ...options },
  };
  writeFileSync(
    join(folder, "tsconfig.check.json"),
    JSON.stringify({ compilerOptions, include: ["**/*.ts"], exclude: ["node_modules"] }),
  );
  await runTool("typescript/bin/tsc", ["-p", "tsconfig.check.json"], folder);
}
