/** Placeholders `{name}` in an API tool's endpoint and body. Pure. */

import type { Json } from "../../../../shared/expressions/json.ts";

export type Arguments = Readonly<Record<string, unknown>>;

const placeholder = /\{([A-Za-z_][A-Za-z0-9_]*)\}/g;
/** Scheme, host and port without any placeholder: where a call goes is never up to the model. */
const fixedOrigin = /^https?:\/\/[^/?#{}\\]+(?=[/?#]|$)/i;

export type TemplateIssue = { path: string; message: string };

const namesIn = (text: string): string[] => [...text.matchAll(placeholder)].map((match) => match[1] ?? "");

const namesInBody = (body: unknown): string[] => {
  if (typeof body === "string") return namesIn(body);
  if (typeof body !== "object" || body === null) return [];
  return Object.values(body).flatMap(namesInBody);
};

/** An address of the template's form, for the check when it is saved. */
export const sampleUrl = (endpoint: string): string => endpoint.replace(placeholder, "x");

/** What is wrong with the placeholders of an endpoint: outside path and query, or without a parameter of that name. */
export const endpointIssues = (endpoint: string, parameters: Arguments): TemplateIssue[] => {
  if (!fixedOrigin.test(endpoint)) {
    return [{ path: "endpoint", message: "must begin with https:// and a host without placeholders" }];
  }
  if (endpoint.includes("#")) return [{ path: "endpoint", message: "must not have a fragment" }];
  const properties = parameters.properties;
  const known = typeof properties === "object" && properties !== null ? properties : {};
  const required = Array.isArray(parameters.required) ? parameters.required : [];
  const [path = ""] = endpoint.split("?");
  const inPath = new Set(namesIn(path));
  const issues = new Map<string, TemplateIssue>();
  for (const name of namesIn(endpoint)) {
    if (!Object.hasOwn(known, name))
      issues.set(name, { path: "endpoint", message: `{${name}} is not one of the parameters` });
    else if (inPath.has(name) && !required.includes(name)) {
      issues.set(name, {
        path: "endpoint",
        message: `{${name}} stands in the path, so it must be a required parameter`,
      });
    }
  }
  return [...issues.values()];
};

const scalar = (value: unknown): string | undefined =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;

/** encodeURIComponent, but lone surrogates are replaced instead of thrown about. */
const encode = (text: string): string => encodeURIComponent(text.toWellFormed());

type Filled = { ok: true; url: string; used: ReadonlySet<string> } | { ok: false; message: string };

/**
 * The endpoint with the arguments in place. Every value is percent-encoded, so it stays inside its path segment or query value;
 * `.`, `..` and nothing at all are refused in the path, where a URL parser would climb. A query parameter whose value is not given
 * is left out.
 */
export const fillEndpoint = (endpoint: string, args: Arguments): Filled => {
  const [path = "", query] = endpoint.split(/\?(.*)/s);
  const used = new Set(namesIn(endpoint));
  for (const name of used) {
    const value = Object.hasOwn(args, name) ? args[name] : undefined;
    if (value !== undefined && value !== null && scalar(value) === undefined) {
      return { ok: false, message: `${name} must be a text, a number or a boolean` };
    }
  }
  const text = (name: string): string | undefined => scalar(Object.hasOwn(args, name) ? args[name] : undefined);
  let problem: string | undefined;
  const segments = path.split("/").map((segment, index) => {
    const filled = segment.replace(placeholder, (_, name: string) => encode(text(name) ?? ""));
    // The first three parts are scheme, nothing and host.
    if (index >= 3 && filled !== segment && /^(|\.|\.\.)$/.test(filled))
      problem = `${namesIn(segment).join(", ")} cannot be empty, "." or ".."`;
    return filled;
  });
  if (problem !== undefined) return { ok: false, message: problem };
  const pairs = (query ?? "").split("&").flatMap((pair) => {
    const names = namesIn(pair);
    if (names.length > 0 && names.every((name) => text(name) === undefined)) return [];
    return pair === "" ? [] : [pair.replace(placeholder, (_, name: string) => encode(text(name) ?? ""))];
  });
  return { ok: true, url: segments.join("/") + (pairs.length > 0 ? `?${pairs.join("&")}` : ""), used };
};

/** A body template with the arguments in place: a text that is one placeholder becomes the argument itself, whatever its type. */
export const fillBody = (template: Json, args: Arguments): Json | undefined => {
  const known = (name: string): boolean => Object.hasOwn(args, name);
  if (typeof template === "string") {
    const whole = /^\{([A-Za-z_][A-Za-z0-9_]*)\}$/.exec(template)?.[1];
    if (whole !== undefined) return known(whole) ? (args[whole] as Json) : undefined;
    return template.replace(placeholder, (_, name: string) => {
      const value = known(name) ? args[name] : "";
      return scalar(value) ?? JSON.stringify(value ?? "");
    });
  }
  if (Array.isArray(template)) {
    return template.flatMap((member) => {
      const filled = fillBody(member, args);
      return filled === undefined ? [] : [filled];
    });
  }
  if (typeof template !== "object" || template === null) return template;
  const entries = Object.entries(template).flatMap(([key, member]) => {
    const filled = fillBody(member, args);
    return filled === undefined ? [] : [[key, filled] as const];
  });
  return Object.fromEntries(entries);
};

/** Placeholders of a body that no parameter answers. */
export const bodyIssues = (body: unknown, parameters: Arguments): TemplateIssue[] => {
  const properties = parameters.properties;
  const known = typeof properties === "object" && properties !== null ? properties : {};
  return [...new Set(namesInBody(body))]
    .filter((name) => !Object.hasOwn(known, name))
    .map((name) => ({ path: "body", message: `{${name}} is not one of the parameters` }));
};

/** Arguments that neither the endpoint nor the body names. */
export const unusedArguments = (args: Arguments, used: ReadonlySet<string>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(args).filter(([name, value]) => !used.has(name) && value !== undefined));
