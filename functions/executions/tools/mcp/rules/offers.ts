import { isObject } from "../../../../../shared/expressions/json.ts";
import { answerText, bareMediaType, isTextMediaType } from "../../../../../shared/outbound/text.ts";
import { cutText } from "../../../../../shared/text.ts";
import { offerLimits } from "../../../../agents/offers/public.ts";
import { contextElement, MATERIAL_FOLLOWS } from "../../../run/rules/element.ts";
import { partText, textOf } from "./answers.ts";

/**
 * Resources and prompts of an MCP server, read tolerantly: null is absent, one bad entry never takes the others away, and
 * what is too long is no entry. Pure.
 */

type Members = Readonly<Record<string, unknown>>;

/** A resource as its server lists it, or a template of many. */
export interface McpResource {
  /** Of a template with its placeholders. */
  readonly uri: string;
  readonly name: string;
  readonly description: string;
  readonly mime_type: string | null;
}

export interface McpPrompt {
  readonly name: string;
  readonly description: string;
  readonly arguments: readonly { readonly name: string; readonly description: string; readonly required: boolean }[];
}

export interface Page<T> {
  readonly entries: T[];
  readonly next: string | undefined;
}

const DESCRIPTION_CHARACTERS = 2_000;
const NAME_CHARACTERS = 200;

const described = ({ title, description }: Members): string =>
  cutText([textOf(title), textOf(description)].filter((text) => text !== undefined).join(": "), DESCRIPTION_CHARACTERS);

const pageOf = <T>(list: unknown, next: unknown, read: (entry: Members) => T[]): Page<T> | undefined =>
  Array.isArray(list)
    ? { entries: list.flatMap((entry: unknown) => (isObject(entry) ? read(entry) : [])), next: textOf(next) }
    : undefined;

const resourceOf =
  (uriOf: (entry: Members) => unknown) =>
  (entry: Members): McpResource[] => {
    const uri = textOf(uriOf(entry));
    if (uri === undefined || uri.length > offerLimits.uri) return [];
    const mime_type = cutText(textOf(entry.mimeType) ?? "", NAME_CHARACTERS);
    const name = cutText(textOf(entry.name) ?? uri, NAME_CHARACTERS);
    return [{ uri, name, description: described(entry), mime_type: mime_type === "" ? null : mime_type }];
  };

/** One page of `resources/list`; undefined when it is none. */
export const resourcePage = ({ resources, nextCursor }: Members): Page<McpResource> | undefined =>
  pageOf(
    resources,
    nextCursor,
    resourceOf(({ uri }) => uri),
  );

/** The same of `resources/templates/list`. */
export const templatePage = ({ resourceTemplates, nextCursor }: Members): Page<McpResource> | undefined =>
  pageOf(
    resourceTemplates,
    nextCursor,
    resourceOf(({ uriTemplate }) => uriTemplate),
  );

/** The same of `prompts/list`. */
export const promptPage = ({ prompts, nextCursor }: Members): Page<McpPrompt> | undefined =>
  pageOf(prompts, nextCursor, (entry) => {
    const name = textOf(entry.name);
    if (name === undefined || name.length > offerLimits.prompt_name) return [];
    const listed: readonly unknown[] = Array.isArray(entry.arguments) ? entry.arguments : [];
    const found = listed.flatMap((one) => {
      const argument = isObject(one) ? textOf(one.name) : undefined;
      if (!isObject(one) || argument === undefined || argument.length > NAME_CHARACTERS) return [];
      return [{ name: argument, description: described(one), required: one.required === true }];
    });
    return [{ name, description: described(entry), arguments: found.slice(0, offerLimits.prompt_arguments) }];
  });

/** What may stand for a placeholder of a template: `{name}` a part of a path, `{+name}` and `{name*}` several. */
const standsFor = (placeholder: string): RegExp | undefined => {
  if (/^\w+$/.test(placeholder)) return /^[^/?#]+$/;
  return /^(?:\+\w+\*?|\w+\*)$/.test(placeholder) ? /^[^?#]+$/ : undefined;
};

/**
 * Whether an address is one that a template stands for. Placeholders end where the text after them first comes; other operators
 * of RFC 6570 stand for nothing here. An address that is not recognized so has to be listed.
 */
export function isOfTemplate(template: string, uri: string): boolean {
  const [first = "", ...rest] = template.split(/\{([^{}]*)\}/);
  if (!uri.startsWith(first)) return false;
  let from = first.length;
  for (let i = 0; i < rest.length; i += 2) {
    const [placeholder = "", text = ""] = rest.slice(i, i + 2);
    const last = i + 2 >= rest.length;
    if (text === "" && !last) return false;
    const to = last ? (uri.endsWith(text) ? uri.length - text.length : -1) : uri.indexOf(text, from + 1);
    if (to <= from || standsFor(placeholder)?.test(uri.slice(from, to)) !== true) return false;
    from = to + text.length;
  }
  return from === uri.length;
}

export type ResourceText =
  | { readonly ok: true; readonly text: string; readonly mime_type: string | null }
  | { readonly ok: false; readonly code: "tool_output_invalid" | "resource_not_text"; readonly detail?: string };

/** An address as libraries write it: servers answer with `notes://gr%C3%BCn` where `notes://grün` was asked for. */
const normalized = (uri: unknown): unknown => (typeof uri === "string" ? (URL.parse(uri)?.href ?? uri) : uri);

/**
 * What `resources/read` came to: the text of the entries that are of this address. Bytes are read where their media type says
 * that they are text, or else the one with which the resource is listed; pictures and the like are refused.
 */
export function resourceText(result: Members, uri: string, listed_type: string | null): ResourceText {
  const contents: readonly unknown[] = Array.isArray(result.contents) ? result.contents : [];
  const asked = normalized(uri);
  const own = contents.filter(isObject).filter((entry) => entry.uri === undefined || normalized(entry.uri) === asked);
  if (own.length === 0) return { ok: false, code: "tool_output_invalid", detail: "It has nothing of this address." };
  const texts: string[] = [];
  for (const { text, blob, mimeType } of own) {
    const media = textOf(mimeType) ?? listed_type ?? "";
    if (typeof text === "string") texts.push(text);
    else if (typeof blob === "string" && isTextMediaType(media)) {
      texts.push(answerText(Buffer.from(blob, "base64"), media));
    } else return { ok: false, code: "resource_not_text", detail: cutText(bareMediaType(media), 100) };
  }
  const mime_type = cutText(textOf(own[0]?.mimeType) ?? listed_type ?? "", NAME_CHARACTERS);
  return { ok: true, text: texts.join("\n\n"), mime_type: mime_type === "" ? null : mime_type };
}

export interface PromptMessage {
  readonly role: "user" | "assistant";
  readonly content: string;
}

/** A part of a prompt's message: what a server puts into it of a resource is material as everywhere, whoever says the message. */
function saidOf(part: unknown): string {
  const embedded = isObject(part) && part.type === "resource" && isObject(part.resource) ? part.resource : undefined;
  if (typeof embedded?.text !== "string") return partText(part);
  return `${MATERIAL_FOLLOWS}\n\n${contextElement(textOf(embedded.uri) ?? "", embedded.text)}`;
}

/** What `prompts/get` came to: its messages as text, by whichever of the two roles says them; undefined when there are none, or too many. */
export function promptMessages(result: Members): PromptMessage[] | undefined {
  if (!Array.isArray(result.messages) || result.messages.length > offerLimits.prompt_messages) return undefined;
  const messages = result.messages.flatMap((one: unknown): PromptMessage[] => {
    if (!isObject(one) || (one.role !== "user" && one.role !== "assistant")) return [];
    const content = saidOf(one.content);
    return content.trim() === "" ? [] : [{ role: one.role, content }];
  });
  const characters = messages.reduce((sum, { content }) => sum + content.length, 0);
  return messages.length === 0 || characters > offerLimits.prompt_characters ? undefined : messages;
}
