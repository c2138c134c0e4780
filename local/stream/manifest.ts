import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";

const manifestSchema = z.array(
  z.looseObject({
    name: z.string(),
    description: z.string(),
    streams: z.array(z.object({ method: z.string(), path: z.string() })).default([]),
  }),
);

/** A function that streams: its bundle and the operations it serves. */
export interface StreamFunction {
  name: string;
  /** What the deployed function says of itself: its name is CloudFormation's choice. */
  description: string;
  bundle: string;
  routes: Route[];
}

export interface Route {
  method: string;
  /** Path template, for example "/api/v1/agents/{id}/execute/stream"; `{proxy+}` at its end is the rest, whatever it is. */
  path: string;
}

const manifestFile = "manifest.json";

/** Reads the streaming functions of the bundler's manifest in `dir`; none when there is no manifest. */
export function readStreamFunctions(dir: string): StreamFunction[] {
  const file = join(dir, manifestFile);
  if (!existsSync(file)) return [];
  return manifestSchema
    .parse(JSON.parse(readFileSync(file, "utf8")))
    .filter(({ streams }) => streams.length > 0)
    .map(({ name, description, streams }) => ({
      name,
      description,
      bundle: join(dir, name, "index.mjs"),
      routes: streams.map(({ method, path }) => ({
        method: method.toUpperCase(),
        path,
      })),
    }));
}

/**
 * Keeps a copy of the bundles that stream as they were deployed: another deployment from this checkout empties the
 * bundler's folder, and what runs must not change under it.
 */
export function keepStreamFunctions(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  if (existsSync(join(from, manifestFile))) cpSync(join(from, manifestFile), join(to, manifestFile));
  for (const { bundle, name } of readStreamFunctions(from)) {
    cpSync(dirname(bundle), join(to, name), { recursive: true });
  }
}

/** Whether a request's method and path (without its query) belong to the route. */
export function matches(route: Route, method: string, path: string): boolean {
  if (route.method !== "*" && route.method !== method) return false;
  const template = route.path.split("/");
  const parts = path.split("/");
  if (template.at(-1) === "{proxy+}") {
    const begin = template.slice(0, -1);
    return parts.length >= template.length && begin.every((part, index) => part === parts[index]);
  }
  return (
    template.length === parts.length &&
    template.every((part, index) => (part.startsWith("{") ? parts[index] !== "" : part === parts[index]))
  );
}
