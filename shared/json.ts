/**
 * JSON texts read with care: `JSON.parse` says nothing of a number that it cannot keep, of a name that stands twice in an
 * object, or of half a character. What people send is refused for it, what others answer is kept as text.
 */

/** Something in a JSON text that a program could not give back as it was written. `path` has dots. */
export interface JsonFinding {
  readonly path: string;
  readonly message: string;
}

/** More findings than a person would read are not collected. */
const MOST_FINDINGS = 20;

/** Numbers of fewer characters without an exponent are always kept: a double holds 15 decimal digits. */
const SHORT_NUMBER = 15;

/** Digits and exponent of a decimal without sign, without leading and trailing zeros: `12.50` and `125e-1` are both `125|-1`. */
function decimal(source: string): string {
  const [mantissa = "", exponent = "0"] = source.toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  const digits = (whole + fraction).replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  if (significant === "") return "0";
  return `${significant}|${Number(exponent) - fraction.length + digits.length - significant.length}`;
}

/** Whether a number as it stands in a JSON text survives as a JavaScript number: written again, it is the same number. */
export function isExactNumber(source: string): boolean {
  if (source.length < SHORT_NUMBER && !/[eE]/.test(source)) return true;
  const value = Number(source);
  if (!Number.isFinite(value)) return false;
  // An exponent's own sign would be taken for the number's.
  const negative = source.startsWith("-");
  return decimal(negative ? source.slice(1) : source) === decimal(String(Math.abs(value)));
}

/** Only a text with one of these can hold what `JSON.parse` loses; all others are spared the second pass. */
const SUSPICIOUS_NUMBER = /\d[\d.]{14}|\d[eE]/;

/** Deepest nesting of what others answer: far more than people write, far less than a stack holds when it is written again. */
export const MOST_FOREIGN_LEVELS = 200;

/**
 * Parses what another system answered: a number that cannot be kept arrives as its text, never as another number.
 * @throws SyntaxError for what is no JSON, or is nested deeper than `MOST_FOREIGN_LEVELS`
 */
export function parseForeignJson(text: string): unknown {
  if (isDeeper(text, MOST_FOREIGN_LEVELS)) throw new SyntaxError(`nested deeper than ${MOST_FOREIGN_LEVELS} levels`);
  if (!SUSPICIOUS_NUMBER.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_, value: unknown, context?: { readonly source?: string }) =>
    typeof value === "number" && context?.source !== undefined && !isExactNumber(context.source)
      ? context.source
      : value,
  );
}

function isDeeper(text: string, levels: number): boolean {
  let level = 0;
  let inText = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (inText) {
      if (c === "\\") i++;
      else if (c === '"') inText = false;
    } else if (c === '"') inText = true;
    else if (c === "[" || c === "{") {
      if (++level > levels) return true;
    } else if (c === "]" || c === "}") level--;
  }
  return false;
}

/** An object or a list that is being read. */
interface Frame {
  /** Names seen so far; undefined in a list. */
  readonly names: Set<string> | undefined;
  /** Name or position of what is being read. */
  at: string | number;
  expectsName: boolean;
}

/**
 * Looks through a text that `JSON.parse` has accepted, for what it accepts silently: names that stand twice in one
 * object, numbers that are not kept exactly, text that is not well-formed Unicode, the name `__proto__`, which an
 * assignment would lose.
 */
export function inspectJson(text: string): JsonFinding[] {
  const findings: JsonFinding[] = [];
  const frames: Frame[] = [];
  const path = (last?: string): string =>
    [...frames.map(({ at }) => String(at)), ...(last === undefined ? [] : [last])].join(".");
  const find = (where: string, message: string) => {
    if (findings.length < MOST_FINDINGS) findings.push({ path: where.toWellFormed(), message });
  };
  for (let i = 0; i < text.length; ) {
    const frame = frames.at(-1);
    const c = text[i] ?? "";
    if (c === '"') {
      const end = endOfString(text, i);
      const value = textOf(text, i, end);
      i = end;
      if (frame?.expectsName !== true) {
        if (!value.isWellFormed())
          find(path(), "is not well-formed text: it has half of a character (a lone surrogate)");
        continue;
      }
      frame.expectsName = false;
      frame.at = value;
      if (!value.isWellFormed()) find(path(), "has a name that is not well-formed text");
      if (value === "__proto__") find(path(), "is not an allowed name");
      if (frame.names?.has(value)) find(path(), "stands more than once in its object");
      frame.names?.add(value);
    } else if (c === "{") {
      frames.push({ names: new Set(), at: "", expectsName: true });
      i++;
    } else if (c === "[") {
      frames.push({ names: undefined, at: 0, expectsName: false });
      i++;
    } else if (c === "}" || c === "]") {
      frames.pop();
      i++;
    } else if (c === ",") {
      if (frame?.names === undefined) {
        if (frame !== undefined) frame.at = Number(frame.at) + 1;
      } else frame.expectsName = true;
      i++;
    } else if (c === "-" || (c >= "0" && c <= "9")) {
      let end = i + 1;
      while (/[\d.eE+-]/.test(text[end] ?? "")) end++;
      if (!isExactNumber(text.slice(i, end)))
        find(path(), "is a number that cannot be kept exactly; send it as text or with fewer digits");
      i = end;
    } else i++;
  }
  return findings;
}

/** Behind the closing quote of the string that begins at `from`. */
function endOfString(text: string, from: number): number {
  let i = from + 1;
  while (text[i] !== '"') i += text[i] === "\\" ? 2 : 1;
  return i + 1;
}

function textOf(text: string, from: number, end: number): string {
  const raw = text.slice(from + 1, end - 1);
  return raw.includes("\\") ? (JSON.parse(text.slice(from, end)) as string) : raw;
}
