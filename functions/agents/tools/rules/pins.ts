import { createHash } from "node:crypto";
import * as z from "zod";
import { canonicalJson } from "../../../../shared/expressions/json.ts";
import { cutText } from "../../../../shared/text.ts";

/**
 * What an MCP server says of its tools is part of the prompt, and can change after somebody has looked at it. So the words
 * and the schema of each tool are pinned when they are first seen; a tool that changes is not offered until accepted. Pure.
 */

/** A tool as its server describes it now. */
export interface DescribedTool {
  readonly name: string;
  readonly description: string;
  readonly parameters: unknown;
}

export const pinSchema = z.object({
  /** SHA-256 of the description and schema that may be offered. */
  digest: z.string(),
  /** What the server says instead, waiting to be accepted. */
  seen: z.object({ digest: z.string(), description: z.string(), seen_at: z.string() }).nullable(),
});
export type Pin = z.output<typeof pinSchema>;
export const pinsSchema = z.record(z.string(), pinSchema);
export type Pins = Readonly<Record<string, Pin>>;

const SHOWN_CHARACTERS = 2_000;

export const digestOf = ({ description, parameters }: DescribedTool): string =>
  createHash("sha256").update(canonicalJson({ description, parameters })).digest("hex");

const pinOf = (pins: Pins, name: string): Pin | undefined => (Object.hasOwn(pins, name) ? pins[name] : undefined);

/**
 * The pins after a look at what the server says: tools seen for the first time are pinned, changed ones remembered, those
 * that are again as they were pinned are no longer changed.
 * @returns the names that must not be offered; `next` is undefined where nothing is to be written
 */
export function lookedAt(
  pins: Pins,
  tools: readonly DescribedTool[],
  seen_at: string,
): { readonly next: Pins | undefined; readonly changed: ReadonlySet<string> } {
  const changed = new Set<string>();
  const fresh: [string, Pin][] = [];
  for (const tool of tools) {
    const digest = digestOf(tool);
    const pin = pinOf(pins, tool.name);
    const same = pin === undefined || pin.digest === digest;
    if (!same) changed.add(tool.name);
    if (pin === undefined || (same && pin.seen !== null)) fresh.push([tool.name, { digest, seen: null }]);
    else if (!same && pin.seen?.digest !== digest) {
      const description = cutText(tool.description, SHOWN_CHARACTERS);
      fresh.push([tool.name, { digest: pin.digest, seen: { digest, description, seen_at } }]);
    }
  }
  return { next: fresh.length === 0 ? undefined : merged(pins, fresh), changed };
}

/** The pins with what was seen accepted, of the named tools or of all; undefined where nothing waits. */
export function accepted(pins: Pins, names: readonly string[] | undefined): Pins | undefined {
  const taken = Object.entries(pins).flatMap(([name, { seen }]): [string, Pin][] =>
    seen === null || names?.includes(name) === false ? [] : [[name, { digest: seen.digest, seen: null }]],
  );
  return taken.length === 0 ? undefined : merged(pins, taken);
}

const merged = (pins: Pins, more: readonly (readonly [string, Pin])[]): Pins =>
  Object.fromEntries([...Object.entries(pins), ...more]);
