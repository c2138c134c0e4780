import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout. */
export const repoDir = dirname(dirname(fileURLToPath(import.meta.url)));
/** Everything that local runs write, ignored by git. */
export const localDir = join(repoDir, ".local");
/** State of `npm start`: data, ports, log, and the file that says it is running. */
export const devDir = join(localDir, "dev");
export const binDir = join(repoDir, "node_modules", ".bin");

/** The Node that runs functions, the CDK app and our servers: the pinned 24, not whatever started us. */
export function nodeBinary(): string {
  const pinned = join(binDir, "node");
  return existsSync(pinned) ? pinned : process.execPath;
}

/** The region and account of every local stack: what the emulator answers for. */
export const region = "us-east-1";
export const account = "000000000000";
