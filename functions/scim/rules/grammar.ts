import { cutText } from "../../../shared/text.ts";
import { CORE_GROUP, CORE_USER, ENTERPRISE_USER } from "./attributes.ts";
import { invalidFilter, invalidPath, type ScimError } from "./error.ts";

/**
 * Where a value stands: an attribute of the resource (or of an extension, by its schema's name), of a list the elements
 * that a filter takes, and a part of it. Names are as the client wrote them.
 */
export interface AttributePath {
  /** Name of an extension's schema; absent for attributes of the core. */
  readonly schema?: string;
  readonly name: string;
  readonly where?: Filter;
  readonly sub?: string;
}

const operators = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"] as const;
export type Operator = (typeof operators)[number];
export type Literal = string | number | boolean | null;

export type Filter =
  | { readonly kind: "and" | "or"; readonly parts: readonly Filter[] }
  | { readonly kind: "not"; readonly part: Filter }
  | { readonly kind: "compare"; readonly path: AttributePath; readonly operator: Operator; readonly value: Literal }
  | { readonly kind: "present"; readonly path: AttributePath }
  /** A list has an element that the path's filter takes: `emails[type eq "work"]`. */
  | { readonly kind: "some"; readonly path: AttributePath };

export const MOST_CHARACTERS = 1_000;
const MOST_BRACKETS = 8;
const MOST_COMPARISONS = 50;
/** In a path, whose filter is asked of each element by each of a hundred operations. */
const MOST_COMPARISONS_OF_PATH = 10;

/**
 * A filter of RFC 7644, 3.4.2.2, with its operators' precedence: not, and, or. Bounded in length, depth and comparisons.
 * @throws ScimError invalidFilter that says what is wrong, and at which character.
 */
export function parseFilter(text: string): Filter {
  const reader = new Reader(text, MOST_COMPARISONS, invalidFilter);
  const filter = reader.filter(0, false);
  reader.end();
  return filter;
}

/**
 * The path of an operation of PATCH (RFC 7644, 3.5.2): `name.givenName`, `emails[type eq "work"].value`, or an extension's
 * name with or without an attribute.
 * @throws ScimError invalidPath
 */
export function parsePath(text: string): AttributePath {
  const reader = new Reader(text, MOST_COMPARISONS_OF_PATH, invalidPath);
  const path = reader.path(0, false);
  reader.end();
  return path;
}

interface Token {
  readonly kind: "word" | "text" | "(" | ")" | "[" | "]" | "end";
  readonly text: string;
  readonly at: number;
}

const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*")|([()[\]])|([^\s()[\]"]+))\s*/suy;
const PATH = /^(?:(urn:\S+):)?([a-z$][\w-]*)(?:\.([a-z$][\w-]*))?$/i;
const PART = /^\.([a-z$][\w-]*)$/i;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/i;

const core = new Set([CORE_USER, CORE_GROUP].map((name) => name.toLowerCase()));

class Reader {
  readonly #tokens: readonly Token[];
  readonly #fault: (detail: string) => ScimError;
  readonly #most: number;
  #next = 0;
  #comparisons = 0;

  constructor(text: string, most: number, fault: (detail: string) => ScimError) {
    this.#fault = fault;
    this.#most = most;
    if (text.length > MOST_CHARACTERS) throw fault(`It is longer than ${MOST_CHARACTERS} characters.`);
    this.#tokens = this.#cut(text);
  }

  filter(depth: number, inside: boolean): Filter {
    return this.#joined("or", () => this.#joined("and", () => this.#factor(depth, inside)));
  }

  path(depth: number, inside: boolean): AttributePath {
    const token = this.#take();
    const path = token.kind === "word" ? pathOf(token.text) : undefined;
    if (path === undefined) throw this.#wrong(token, "the name of an attribute");
    if (this.#peek().kind !== "[") return path;
    if (inside || path.sub !== undefined) throw this.#wrong(this.#peek(), "no bracket here");
    this.#open(depth);
    const where = this.filter(depth + 1, true);
    this.#close("]");
    const after = this.#peek();
    const sub = after.kind === "word" ? PART.exec(after.text)?.[1] : undefined;
    if (sub === undefined) return { ...path, where };
    this.#take();
    return { ...path, where, sub };
  }

  end(): void {
    if (this.#peek().kind !== "end") throw this.#wrong(this.#peek(), "the end");
  }

  #joined(word: "and" | "or", part: () => Filter): Filter {
    const first = part();
    const parts = [first];
    while (this.#isWord(word)) {
      this.#take();
      parts.push(part());
    }
    return parts.length === 1 ? first : { kind: word, parts };
  }

  #factor(depth: number, inside: boolean): Filter {
    const negated = this.#isWord("not") && this.#peek(1).kind === "(";
    if (negated) this.#take();
    if (this.#peek().kind !== "(") return this.#comparison(depth, inside);
    this.#open(depth);
    const part = this.filter(depth + 1, inside);
    this.#close(")");
    return negated ? { kind: "not", part } : part;
  }

  #comparison(depth: number, inside: boolean): Filter {
    const start = this.#peek();
    this.#comparisons += 1;
    if (this.#comparisons > this.#most) {
      throw this.#fault(`It compares more than ${this.#most} times, at character ${start.at + 1}.`);
    }
    const path = this.path(depth, inside);
    const next = this.#peek();
    const ends = next.kind !== "word" || this.#isWord("and") || this.#isWord("or");
    if (path.where !== undefined && path.sub === undefined && ends) return { kind: "some", path };
    const token = this.#take();
    const word = token.kind === "word" ? token.text.toLowerCase() : "";
    if (word === "pr") return { kind: "present", path };
    const operator = operators.find((one) => one === word);
    if (operator === undefined) throw this.#wrong(token, `one of ${operators.join(", ")}, pr`);
    const at = this.#peek();
    const value = this.#literal();
    if (/^(co|sw|ew)$/.test(operator) && typeof value !== "string") throw this.#wrong(at, "a text in quotes");
    if (/^[gl]/.test(operator) && (typeof value === "boolean" || value === null)) {
      throw this.#wrong(at, "a text or a number, as only these have an order");
    }
    return { kind: "compare", path, operator, value };
  }

  #literal(): Literal {
    const token = this.#take();
    if (token.kind === "text") return this.#unquoted(token);
    if (token.kind === "word") {
      if (NUMBER.test(token.text)) return Number(token.text);
      // Capitals are no JSON, but clients of directories write them.
      const word = token.text.toLowerCase();
      if (word === "true" || word === "false") return word === "true";
      if (word === "null") return null;
    }
    throw this.#wrong(token, "a text in quotes, a number, true, false or null");
  }

  #unquoted(token: Token): string {
    try {
      return String(JSON.parse(token.text)).toWellFormed();
    } catch {
      throw this.#fault(`The text in quotes at character ${token.at + 1} is not written as in JSON.`);
    }
  }

  #cut(text: string): Token[] {
    const tokens: Token[] = [];
    const from = new RegExp(TOKEN);
    while (from.lastIndex < text.length) {
      const start = from.lastIndex;
      const match = from.exec(text);
      const at = start + (/^\s*/.exec(text.slice(start))?.[0].length ?? 0);
      if (match === null) {
        if (text.slice(start).trim() === "") break;
        throw this.#fault(`The text in quotes that begins at character ${at + 1} does not end.`);
      }
      const [, quoted, bracket, word] = match;
      if (quoted !== undefined) tokens.push({ kind: "text", text: quoted, at });
      else if (bracket !== undefined) tokens.push({ kind: bracket as "(", text: bracket, at });
      else tokens.push({ kind: "word", text: word ?? "", at });
    }
    return [...tokens, { kind: "end", text: "", at: text.length }];
  }

  #peek(ahead = 0): Token {
    return this.#tokens[this.#next + ahead] ?? (this.#tokens.at(-1) as Token);
  }

  #take(): Token {
    const token = this.#peek();
    this.#next += 1;
    return token;
  }

  #isWord(word: string): boolean {
    const token = this.#peek();
    return token.kind === "word" && token.text.toLowerCase() === word;
  }

  #open(depth: number): void {
    const token = this.#take();
    if (depth >= MOST_BRACKETS) {
      throw this.#fault(`Brackets are nested deeper than ${MOST_BRACKETS}, at character ${token.at + 1}.`);
    }
  }

  #close(kind: ")" | "]"): void {
    const token = this.#take();
    if (token.kind !== kind) throw this.#wrong(token, kind);
  }

  #wrong(token: Token, expected: string): ScimError {
    const found = token.kind === "end" ? "it ends" : `there is ${cutText(token.text, 40)}`;
    return this.#fault(`Expected ${expected} at character ${token.at + 1}, where ${found}.`);
  }
}

/** A name with its schema in front and a part behind; `undefined` for what is no name. */
function pathOf(word: string): AttributePath | undefined {
  if (word.toLowerCase() === ENTERPRISE_USER.toLowerCase()) return { name: ENTERPRISE_USER };
  const [, schema, name, sub] = PATH.exec(word) ?? [];
  if (name === undefined) return undefined;
  const extension = schema === undefined || core.has(schema.toLowerCase()) ? {} : { schema };
  return { ...extension, name, ...(sub === undefined ? {} : { sub }) };
}
