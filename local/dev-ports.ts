import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import * as z from "zod";
import { freePort, isFree, parsePort } from "./ports.ts";

const portsSchema = z.object({ gateway: z.number(), emulator: z.number(), model: z.number() });
export type DevPorts = z.infer<typeof portsSchema>;

/** The ports of `npm start` and the environment variables that choose others. */
const defaults: DevPorts = { gateway: 8787, emulator: 4566, model: 8788 };
const variables: Record<keyof DevPorts, string> = {
  gateway: "KAIZEN_PORT",
  emulator: "KAIZEN_AWS_PORT",
  model: "KAIZEN_MODEL_PORT",
};

/**
 * The ports of this start. A port that the user asks for must be free; else the one of the last start is used again, so
 * that addresses stay the same, or the usual one, or any free one. What was chosen is written to `file`.
 */
export async function choosePorts(
  file: string,
  asked: Partial<DevPorts>,
  environment: NodeJS.ProcessEnv,
): Promise<DevPorts> {
  const last = existsSync(file) ? portsSchema.safeParse(JSON.parse(readFileSync(file, "utf8"))).data : undefined;
  const taken = new Set<number>();
  const choose = async (name: keyof DevPorts): Promise<number> => {
    const text = environment[variables[name]];
    const wanted = asked[name] ?? (text ? parsePort(text, variables[name]) : undefined);
    if (wanted !== undefined) {
      if (!taken.has(wanted) && (await isFree(wanted))) return wanted;
      throw new Error(`Port ${wanted} is in use: choose another with ${variables[name]}.`);
    }
    for (const port of [last?.[name], defaults[name]]) {
      if (port !== undefined && !taken.has(port) && (await isFree(port))) return port;
    }
    return freePort();
  };
  const ports: DevPorts = { gateway: 0, emulator: 0, model: 0 };
  for (const name of ["gateway", "emulator", "model"] as const) {
    ports[name] = await choose(name);
    taken.add(ports[name]);
  }
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(ports));
  return ports;
}
