import { cutText } from "../../../shared/text.ts";
import type { ToolFailure } from "../tools/rules/outcome.ts";
import type { Offer } from "../tools/runner.ts";
import type { OfferView } from "./operations.ts";

/** What a server has, as the API shows it. Pure. */

interface Chosen {
  readonly tools: readonly string[];
  readonly resources?: readonly string[] | undefined;
  readonly prompts?: readonly string[] | undefined;
}

type Unavailable = OfferView["unavailable"][number];

/** Of each of the four lists: a function answers 6 MB at most. */
const LIST_BYTES = 1_000_000;
const LIST_ENTRIES = 500;
const DESCRIPTION_CHARACTERS = 2_000;

const described = (description: string): string => cutText(description, DESCRIPTION_CHARACTERS);

/** The first entries of a list, as many as there is room for. */
function fitting<T>(entries: readonly T[]): T[] {
  let left = LIST_BYTES;
  const over = entries.findIndex((entry, i) => {
    left -= Buffer.byteLength(JSON.stringify(entry));
    return left < 0 || i === LIST_ENTRIES;
  });
  return entries.slice(0, over < 0 ? entries.length : over);
}

/** The offer with what is chosen of it; what there is no room for is left out, and said. */
export function offerShown({ tools, resources, prompts }: Offer, chosen: Chosen): OfferView {
  const unavailable: Unavailable[] = [];
  const missing = (kind: Unavailable["kind"], answer: { readonly ok: true } | ToolFailure) => {
    if (!answer.ok) unavailable.push({ kind, code: answer.code, message: answer.message });
  };
  const shown = <T>(kind: Unavailable["kind"], what: string, entries: readonly T[]): T[] => {
    const some = fitting(entries);
    const message = `It has ${entries.length} ${what}, of which the first ${some.length} are shown.`;
    if (some.length < entries.length) unavailable.push({ kind, code: "tool_output_too_large", message });
    return some;
  };
  missing("tool", tools);
  missing("resource", resources);
  missing("prompt", prompts);
  return {
    tools: shown(
      "tool",
      "tools",
      (tools.ok ? tools.tools : []).map(({ name, description = "", problem = null }) => ({
        name,
        description: described(description),
        problem,
        chosen: chosen.tools.includes(name),
      })),
    ),
    resources: shown(
      "resource",
      "resources",
      (resources.ok ? resources.resources : []).map((one) => ({
        ...one,
        chosen: chosen.resources?.includes(one.uri) === true,
      })),
    ),
    resource_templates: shown(
      "resource",
      "templates of resources",
      (resources.ok ? resources.templates : []).map(({ uri: uri_template, ...one }) => ({ uri_template, ...one })),
    ),
    prompts: shown(
      "prompt",
      "prompts",
      (prompts.ok ? prompts.prompts : []).map((one) => ({
        ...one,
        arguments: [...one.arguments],
        chosen: chosen.prompts?.includes(one.name) === true,
      })),
    ),
    unavailable,
  };
}
