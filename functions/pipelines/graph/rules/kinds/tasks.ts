import * as z from "zod";
import { mappingSchema } from "../../../../../shared/expressions/mapping.ts";
import { graphLimits } from "../limits.ts";
import { configOf, defineKind, usesOfMapping } from "./kind.ts";

export const agent = defineKind({
  kind: "agent",
  summary: "Runs an agent on its input. Emits {text, object?}: object where the agent has a response schema.",
  pure: false,
  config: configOf({
    agent_id: z.string().min(1).max(64).optional(),
    version: z.number().int().min(1).optional().meta({ description: "Else the version active when the run starts." }),
    input_mapping: mappingSchema.optional(),
    system_prompt_override: z.string().min(1).max(graphLimits.prompt).optional(),
    temperature: z.number().min(0).max(2).optional(),
  }),
  uses: ({ input_mapping }) => usesOfMapping("input_mapping", input_mapping),
});

/** Scheme and host are literal: only what comes after them may be filled in, so that data never chooses the host. */
const url = z
  .string()
  .max(graphLimits.url)
  .regex(
    /^https?:\/\/[A-Za-z0-9.\-[\]:]+(?:[/?].*)?$/s,
    "must be an http or https address with a literal host and no credentials",
  );

const headerName = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/, "must be a header name");
const headerValue = z
  .string()
  .max(graphLimits.header_value)
  .regex(/^[^\p{Cc}]*$/u, "must not contain control characters");
const headers = z
  .record(headerName, headerValue)
  .refine(
    (value) => Object.keys(value).length <= graphLimits.headers,
    `must have at most ${graphLimits.headers} headers`,
  );

export const http = defineKind({
  kind: "http",
  summary: "Sends one guarded HTTP request. Emits {status, headers, body}.",
  pure: false,
  secret_fields: ["secret_headers"],
  config: configOf({
    method: z.enum(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]).meta({ id: "HttpNodeMethod" }).default("GET"),
    url: url.optional().meta({ description: "May hold {{ expression }} placeholders after the host." }),
    query: mappingSchema.optional(),
    headers: headers.optional().meta({ description: "Values may hold {{ expression }} placeholders." }),
    secret_headers: headers.optional().meta({ description: "Encrypted at rest, never shown again.", secret: true }),
    body: mappingSchema.optional(),
  }).check((context) => {
    const { method, body } = context.value;
    if (body === undefined || (method !== "GET" && method !== "HEAD")) return;
    context.issues.push({ code: "custom", input: body, path: ["body"], message: `${method} takes no body` });
  }),
  uses: (config) => [
    ...(config.url === undefined ? [] : [{ field: "url", form: "template", text: config.url } as const]),
    ...usesOfMapping("query", config.query),
    ...Object.entries(config.headers ?? {}).map(
      ([name, text]) => ({ field: `headers.${name}`, form: "template", text }) as const,
    ),
    ...usesOfMapping("body", config.body),
  ],
  lacks: (config) => (config.url === undefined ? ["Give its url."] : []),
});
