import { Lexer, parseDocument, stringify } from "yaml";
import { serveTasks } from "../../../shared/bounded/worker.ts";

/** What a text says, or the first thing that is wrong in it. */
export type Read = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly message: string };

/** Far more than a document may have: what is within is told by whoever looks at the value. */
const LEVELS = 100;
/** Precedes the text of a scalar among the tokens. */
const SCALAR = "\x1f";

/**
 * Whether brackets, or the dashes of lists on one line, go so deep that the parser's recursion could end its stack, which
 * takes it long to tell. Deep indentation alone is bounded by the size of the text.
 */
function tooDeep(text: string): boolean {
  let [flow, line, scalar] = [0, 0, false];
  for (const token of new Lexer().lex(text)) {
    const content = scalar;
    scalar = token === SCALAR;
    if (content) continue;
    if (token === "[" || token === "{") flow++;
    else if (token === "]" || token === "}") flow--;
    else if (token === "\n" || token === "\r\n") line = 0;
    else if (flow === 0 && (token === "-" || token === "?" || token === ":")) line++;
    if (flow > LEVELS || line > LEVELS) return true;
  }
  return false;
}

/** YAML 1.2, of which JSON is a part: no aliases, no tags, no names twice, one document. */
function read(text: string): Read {
  if (tooDeep(text)) return { ok: false, message: "It is nested too deeply." };
  const document = parseDocument(text, {
    version: "1.2",
    schema: "core",
    merge: false,
    uniqueKeys: true,
    stringKeys: true,
    // Also those of YAML itself: bytes and sets are no JSON.
    resolveKnownTags: false,
  });
  const [wrong] = [...document.errors, ...document.warnings];
  if (wrong !== undefined) return { ok: false, message: wrong.message.split("\n", 1)[0] ?? "" };
  try {
    return { ok: true, value: document.toJS({ maxAliasCount: 0 }) };
  } catch (error) {
    return { ok: false, message: error instanceof ReferenceError ? "Aliases are not taken." : "It cannot be read." };
  }
}

serveTasks({ read, write: (value: unknown) => stringify(value, { lineWidth: 0, sortMapEntries: true }) });
