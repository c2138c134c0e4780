import * as z from "zod";
import { contextSettings, readContext } from "../../infra/context.ts";
import { type Stage, stageOf } from "../../infra/stages.ts";
import { functionSettingRows } from "./function-settings.ts";
import { code, generated, table } from "./markdown.ts";

const STAGES: readonly Stage["name"][] = ["local", "development", "staging", "production"];

/** What differs between stages, with what it does. */
const DIFFERENCES: Readonly<Record<string, readonly [about: string, of: (stage: Stage) => unknown]>> = {
  protect_data: [
    "Table, pool, bucket, key and logs outlive the stacks and resist deletion.",
    ({ protect_data }) => protect_data,
  ],
  log_retention_days: ["Days that logs of functions are kept.", ({ log_retention_days: days }) => days],
  api_rate: ["Requests a second from everybody together (`-c api_rate`).", ({ api_rate }) => api_rate ?? "unbounded"],
  "rate_limits.user": [
    "Requests a minute by which one user reads, over all organizations; other [classes](limits.md) have a part of it.",
    ({ rate_limits }) => rate_limits.user,
  ],
  "rate_limits.address": [
    "Requests a minute of one address on routes that need no token; tries to sign in have a third of it.",
    ({ rate_limits }) => rate_limits.address,
  ],
  origin_factor: ["Multiplies what is allowed by address before sign-in.", ({ origin_factor }) => origin_factor],
  reserve_concurrency: [
    "Concurrency is kept for functions that ask for it (`-c reserve_concurrency`).",
    ({ reserve_concurrency }) => reserve_concurrency,
  ],
  tenant_credentials: [
    "Requests reach the table with credentials that IAM limits to their organization (`-c tenant_credentials`).",
    ({ tenant_credentials }) => tenant_credentials,
  ],
  "outbound.allow_http": ["Outbound calls may use plain http.", ({ outbound }) => outbound.allow_http],
  "outbound.allow_hosts": [
    "Private hosts that outbound calls may reach (`-c allow_hosts`).",
    ({ outbound }) => outbound.allow_hosts.join(", ") || "none",
  ],
};

/** The form of a setting, in words. */
function formOf(schema: z.ZodType): string {
  const { enum: values, format } = z.toJSONSchema(schema, { io: "input" }) as Record<string, unknown>;
  if (Array.isArray(values)) return values.map((value) => code(String(value))).join(" or ");
  if (format === "email") return "e-mail address";
  return "text";
}

const defaultOf = (schema: z.ZodType): string => {
  const { default: value } = z.toJSONSchema(schema, { io: "input" }) as { default?: unknown };
  return value === undefined || value === "" ? "" : code(String(value));
};

/** docs/settings.md: what a deployment says of itself, and how stages differ. */
export function renderSettings(): string {
  const said = Object.entries(contextSettings.shape).map(([name, schema]) => [
    code(name),
    formOf(schema),
    defaultOf(schema),
    schema.description ?? "",
  ]);
  const example = { mail_from: "a@example.com", app_url: "https://example.com", alarm_email: "a@example.com" };
  const stages = STAGES.map((stage) => stageOf(readContext({ ...example, stage })));
  const differences = Object.entries(DIFFERENCES).map(([name, [about, of]]) => [
    code(name),
    ...stages.map((stage) => String(of(stage))),
    about,
  ]);
  return [
    generated("infra/context.ts, infra/stages.ts and shared/config/settings.ts"),
    "# Settings",
    "",
    "## What a deployment says of itself",
    "",
    "`cdk deploy -c name=value`, or `context` of `cdk.json`. An unknown name, a wrong form or one that is missing is refused",
    "in one sentence before anything is built.",
    "",
    table(["Setting", "Form", "Default", "What it does"], said),
    "",
    "## How stages differ",
    "",
    "Everything else is the same everywhere.",
    "",
    table(["Setting", ...STAGES.map(code), "What it does"], differences),
    "",
    "## What functions read",
    "",
    "Infra writes these into the functions' environment, from the above and from what a room's `room.ts` declares. One that is",
    "missing or wrong stops the cold start and is named.",
    "",
    table(
      ["Variable", "Form", "Default", "What it is", "Functions that have it"],
      functionSettingRows(formOf, defaultOf),
    ),
    "",
  ].join("\n");
}
