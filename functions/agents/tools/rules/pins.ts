import { createHash } from "node:crypto";
import * as z from "zod";
import { canonicalJson } from "../../../../shared/expressions/json.ts";
import { cutText } from "../../../../shared/text.ts";
import { type OfferKind, pinName, pinnedAs } from "../../offers/rules/kinds.ts";

/**
 * What an MCP server says of its tools, resources and prompts is part of the prompt, and can change after somebody has looked at
 * it. So the words and the schema of each are pinned when they are first seen; what changes is not used until accepted. Pure.
 */

/** A tool, a resource or a prompt (`pinName`) as its server describes it now; `parameters` is what there is beside words. */
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

/** Of changed words so much is shown, as JSON: all that a configuration may name fits into one item of the table so. */
const SHOWN_BYTES = 500;
/** An item takes 400 KB. */
const PINS_BYTES = 300_000;

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

function shownOf(description: string): string {
  let shown = cutText(description, SHOWN_BYTES);
  while (bytesOf(shown) > SHOWN_BYTES) shown = cutText(shown, Math.floor(shown.length * 0.9));
  return shown;
}

/** Under which names the pins are of all that a tool's configuration names. */
export const namedPins = (config: {
  readonly tools: readonly string[];
  readonly resources?: readonly string[] | undefined;
  readonly prompts?: readonly string[] | undefined;
}): ReadonlySet<string> =>
  new Set([
    ...config.tools,
    ...(config.resources ?? []).map((uri) => pinName("resource", uri)),
    ...(config.prompts ?? []).map((name) => pinName("prompt", name)),
  ]);

export const digestOf = ({ description, parameters }: DescribedTool): string =>
  createHash("sha256").update(canonicalJson({ description, parameters })).digest("hex");

const pinOf = (pins: Pins, name: string): Pin | undefined => (Object.hasOwn(pins, name) ? pins[name] : undefined);

/**
 * The pins after a look at what the server says: tools seen for the first time are pinned, changed ones remembered, those
 * that are again as they were pinned are no longer changed. Pins that the configuration no longer names are kept as long as
 * there is room: a version may still name them. What cannot be pinned may not be offered.
 * @param named the pins of all that the configuration names
 * @returns the names that must not be offered; `next` is undefined where nothing is to be written
 */
export function lookedAt(
  pins: Pins,
  tools: readonly DescribedTool[],
  seen_at: string,
  named: ReadonlySet<string>,
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
      const description = shownOf(tool.description);
      fresh.push([tool.name, { digest: pin.digest, seen: { digest, description, seen_at } }]);
    }
  }
  if (fresh.length === 0) return { next: undefined, changed };
  const next = fitting(merged(pins, fresh), named);
  if (next !== undefined) return { next, changed };
  const unpinned = tools.filter(({ name }) => pinOf(pins, name) === undefined).map(({ name }) => name);
  return { next: undefined, changed: new Set([...changed, ...unpinned]) };
}

/** The pins as they fit into one item, without what the configuration does not name where it has to be; undefined where they do not. */
function fitting(pins: Pins, named: ReadonlySet<string>): Pins | undefined {
  if (bytesOf(pins) <= PINS_BYTES) return pins;
  const kept = Object.entries(pins).flatMap(([name, { digest, seen }]): [string, Pin][] =>
    named.has(name)
      ? [[name, { digest, seen: seen === null ? null : { ...seen, description: shownOf(seen.description) } }]]
      : [],
  );
  const next = Object.fromEntries(kept);
  return bytesOf(next) <= PINS_BYTES ? next : undefined;
}

/** Which of what has changed is accepted: all of it where nothing is said. */
export interface Accepting {
  readonly kind?: OfferKind | undefined;
  /** By the server's own names, of a resource its address. */
  readonly names?: readonly string[] | undefined;
}

/** The pins with what was seen accepted; undefined where nothing waits. */
export function accepted(pins: Pins, wanted: Accepting): Pins | undefined {
  const isWanted = (pin: string) => {
    const { kind, name } = pinnedAs(pin);
    return (wanted.kind ?? kind) === kind && wanted.names?.includes(name) !== false;
  };
  const taken = Object.entries(pins).flatMap(([pin, { seen }]): [string, Pin][] =>
    seen === null || !isWanted(pin) ? [] : [[pin, { digest: seen.digest, seen: null }]],
  );
  return taken.length === 0 ? undefined : merged(pins, taken);
}

const merged = (pins: Pins, more: readonly (readonly [string, Pin])[]): Pins =>
  Object.fromEntries([...Object.entries(pins), ...more]);
