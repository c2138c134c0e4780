import { agentLimits } from "../../functions/agents/model.ts";
import { MOST_RATE, USUAL_RATE } from "../../functions/api-keys/model.ts";
import { type AllowanceName, allowances, backOffSeconds, FREE_ATTEMPTS } from "../../functions/auth/throttle/model.ts";
import { largestOverride } from "../../functions/operators/limits/model.ts";
import { graphLimits } from "../../functions/pipelines/graph/rules/limits.ts";
import { MAX_GRAPH_BYTES, MAX_LAYOUT_BYTES } from "../../functions/pipelines/model.ts";
import { DEFAULT_TIMEOUT_SECONDS, MAX_OUTPUT_BYTES, MAX_TIMEOUT_SECONDS } from "../../functions/runs/model.ts";
import { readContext } from "../../infra/context.ts";
import { stageOf } from "../../infra/stages.ts";
import { fullPath, type OperationShape } from "../../shared/http/operation.ts";
import { limits as sizes } from "../../shared/http/schemas.ts";
import { type RateClassName, rateClasses, rateClassNames, rateOf, SIGN_IN_PART } from "../../shared/limits/classes.ts";
import { overridable } from "../../shared/limits/overrides.ts";
import { type PlanLimits, plans, UNLIMITED } from "../../shared/limits/plans.ts";
import { countedResources, limitOf } from "../../shared/limits/quota.ts";
import {
  EXACT_LIMIT,
  FIRST_PART,
  firstSlice,
  LARGEST_FIRST,
  LARGEST_PART,
  largestSlice,
} from "../../shared/limits/slices.ts";
import { AHEAD_SLOTS, COUNTED_SLOTS, countedSlots, LEFT_SLOTS, SKEW_MS, SLOT_MS } from "../../shared/limits/window.ts";
import { API_TIMEOUT_SECONDS, STREAM_HELD_SECONDS, STREAM_TIMEOUT_SECONDS } from "../../shared/room.ts";
import { code, generated, table } from "./markdown.ts";

type Operations = readonly { readonly room: string; readonly operation: OperationShape }[];

const number = (count: number): string => (count === UNLIMITED ? "no limit" : count.toLocaleString("en"));

const ABOUT: Readonly<Record<RateClassName, string>> = {
  sign_in: "Proves who somebody is, or is sent before anybody is known.",
  read: "Reads, and checks what was sent without keeping it.",
  write: "Changes something.",
  execute: "Begins work, calls a model, or has a gateway asked how it is.",
  stream: "Follows events for as long as it is read.",
  export: "Gives a copy of much at once.",
};

const ALLOWANCES: Readonly<Record<AllowanceName, string>> = {
  sign_in_source: "sign-ins from one source",
  sign_in_block: "sign-ins from one block of addresses",
  sign_in_strangers: "sign-ins of one account from places that it does not know",
  refresh_source: "exchanges of refresh tokens from one source",
  register_source: "registrations, and mails sent again, from one source",
  register_block: "the same from one block of addresses",
  register_email: "the same for one address of mail",
  forgot_source: "requests to reset a password from one source",
  forgot_pair: "the same for one account from one source",
  forgot_account: "the same for one account",
  email_change: "wishes of one person for another address of mail",
  token_source: "tokens from mails that are tried from one source",
};

const PLANNED: Readonly<Record<keyof PlanLimits, string>> = {
  users: "members",
  invitations: "invitations that wait for an answer",
  invitation_mails_per_day: "mails with invitations a day",
  domains: "mail domains, claimed or proved",
  teams: "teams",
  roles: "roles of its own",
  policies: "policies",
  workspaces: "workspaces",
  agents: "agents that are not archived",
  pipelines: "pipelines that are not archived",
  schedules: "schedules",
  suites: "suites of test cases",
  suite_runs: "jobs over suites at the same time",
  webhooks: "webhooks",
  api_keys: "API keys that count",
  service_accounts: "service accounts",
  audit_streams: "streams of its audit log",
  gateways: "gateways",
  deployments: "deployments, those that have come to their end and were not deleted among them",
  model_providers: "model providers with keys or settings of its own",
  sso_connections: "connected sign-in providers",
  runs_per_month: "runs a month",
  live_runs: "runs at the same time",
  queued_runs: "runs that wait for a place",
  approvals: "approvals that wait for people",
  streams: "answers that are streamed at the same time",
  uploads: "files that are uploaded at the same time",
  tokens_per_month: "tokens a month",
  api_calls_per_month: "API calls a month",
  run_days: "days that runs are kept, at most",
  thread_days: "days that conversations are kept, at most",
  delivery_days: "days that deliveries of webhooks are kept, at most",
  audit_days: "days that the audit trail is kept, at most",
  archived_days: "days that what is archived is kept, at most",
  requests_per_minute: "requests a minute of everybody in it",
};

const BYTES = " bytes";
const SIZES: readonly (readonly [what: string, most: number, unit: string])[] = [
  ["the body of a request", sizes.request_bytes, BYTES],
  ["levels of its JSON", sizes.json_depth, ""],
  ["a name", sizes.name, " characters"],
  ["a description", sizes.description, " characters"],
  ["a prompt, a message", sizes.prompt, " characters"],
  ["tags of one thing", sizes.tags, ""],
  ["a tag", sizes.tag, " characters"],
  ["keys of metadata", sizes.metadata_keys, ""],
  ["a value of metadata", sizes.metadata_value, " characters"],
  ["entries of a page", sizes.page, ""],
  ["a text as knowledge", agentLimits.text_context_bytes, BYTES],
  ["a file as knowledge, by an upload", agentLimits.file_bytes, BYTES],
  ["nodes of a graph", graphLimits.nodes, ""],
  ["connections of a graph", graphLimits.connections, ""],
  ["a graph, by an upload", MAX_GRAPH_BYTES, BYTES],
  ["a layout", MAX_LAYOUT_BYTES, BYTES],
  ["the output of a run or a step", MAX_OUTPUT_BYTES, BYTES],
];

/** What a slot of this width costs and gives. */
function width(slot_ms: number): readonly string[] {
  const counted = countedSlots(slot_ms);
  const longest_ms = (counted + 1) * slot_ms;
  const ahead = Math.ceil((AHEAD_SLOTS * SLOT_MS) / slot_ms);
  return [
    `${slot_ms / 1_000} s${slot_ms === SLOT_MS ? " (this one)" : ""}`,
    String(counted),
    String(counted + 1 + ahead + LEFT_SLOTS),
    `${longest_ms / 1_000} s`,
    `${Math.round(6_000_000 / longest_ms)} %`,
  ];
}

/** docs/limits.md: every number that bounds what is sent, kept or held, from where the code has it. */
export function renderLimits(operations: Operations): string {
  const example = { mail_from: "a@example.com", app_url: "https://example.com", alarm_email: "a@example.com" };
  const { rate_limits } = stageOf(readContext({ ...example, stage: "production" }));
  const { user, address } = rate_limits;
  const of = (name: RateClassName) => operations.filter(({ operation }) => operation.rate_class === name);
  const byAddress = (name: RateClassName): string => {
    if (name === "sign_in") return number(Math.ceil(address / SIGN_IN_PART));
    const open = of(name).some(({ operation }) => operation.permission === "public");
    return open ? `${number(address)}, all together` : "";
  };
  const classes = rateClassNames.map((name) => [
    code(name),
    number(rateOf(name, user)),
    byAddress(name),
    rateClasses[name].beside ? "yes" : "",
    rateClasses[name].uncounted === "refused" ? "503" : "admitted",
    String(of(name).length),
    ABOUT[name],
  ]);
  const usual = (operation: OperationShape) => (operation.method === "GET" ? "read" : "write");
  const others = rateClassNames.flatMap((name) =>
    of(name)
      .filter(({ operation }) => usual(operation) !== name)
      .map(({ operation }) => [code(name), code(`${operation.method} ${fullPath(operation)}`), operation.summary]),
  );
  const planNames = Object.keys(plans) as (keyof typeof plans)[];
  const planned = (Object.keys(PLANNED) as (keyof PlanLimits)[]).map((name) => [
    code(name),
    ...planNames.map((plan) => number(plans[plan][name])),
    PLANNED[name],
  ]);
  const included = countedResources
    .map((name) => [name, limitOf("free", name) - plans.free[name]] as const)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} of ${code(name)}`);
  const rates = [
    ...new Set([
      60,
      EXACT_LIMIT,
      rateOf("write", user),
      user,
      ...planNames.map((plan) => plans[plan].requests_per_minute),
    ]),
  ]
    .sort((a, b) => a - b)
    .map((limit) => [number(limit), number(firstSlice(limit)), number(largestSlice(limit))]);
  return [
    generated(
      "shared/limits, shared/http/schemas.ts, infra/stages.ts, each room's `operations.ts` and the models that are named below",
    ),
    "# Limits",
    "",
    "Every limit is a conditional write: requests that come at once never pass it together. A rate that is reached is 429 `rate_limited`",
    "with `Retry-After`; what a plan has no more room for is 402 `quota_exceeded`, with the limit and the usage.",
    "",
    "## Requests a minute, by class",
    "",
    `Each operation is of one class (\`x-rate-class\` in OpenAPI), and each class is counted for itself. A person has what stands under`,
    `*person*, over all organizations; whatever needs no token is counted by address. An API key has its own number (${USUAL_RATE} unless told, at most ${number(MOST_RATE)})`,
    "over all classes, and a directory half of what its organization has; where *beside* says so, the class's number holds for them, too, if it is smaller. Then the",
    "organization counts all of them against its plan. The headers `RateLimit` and `RateLimit-Policy` name each limit that a request was counted against.",
    "",
    "*Silent*: what becomes of a request when the counter does not answer. What is admitted then has no header of that limit, and is counted in the",
    "metric `uncounted_requests`; what is refused is told when to come again.",
    "",
    table(["Class", "Person", "Address", "Beside", "Silent", "Operations", "What it is"], classes),
    "",
    `These are the numbers of a deployed stage; a laptop has more ([settings.md](settings.md)). A GET is a ${code("read")}, all else a ${code("write")}, but for:`,
    "",
    table(["Class", "Operation", "What it does"], others),
    "",
    "### What an operator may set",
    "",
    "`PATCH /platform/organizations/{organization_id}/limits`, from 1 to these; null takes it back. It counts from the next request on, in this",
    "organization: by class for each person and key in it.",
    "",
    table(
      ["Limit", "At most"],
      overridable.map((name) => [code(name), number(largestOverride[name])]),
    ),
    "",
    "## How requests are counted",
    "",
    `By slots of ${SLOT_MS / 1_000} seconds, in one item for each counter. A slot counts for ${COUNTED_SLOTS} more, so no clock that is up to ${SKEW_MS / 1_000} seconds off lets a`,
    "request go before it is a minute old: the limit holds in any 60 seconds, wherever they begin. Narrower slots give more of the limit to whoever",
    "comes evenly, and make the item longer; beyond 1 KB (some 70 slots) each write is two units. What processes hold for",
    "the next seconds is another tenth at most.",
    "",
    table(
      ["Slot", "Slots that count", "Slots in the item, at most", "A request counts, at most", "Of the limit, for ever"],
      [1_000, SLOT_MS, 5_000, 10_000].map(width),
    ),
    "",
    `Up to ${EXACT_LIMIT} a minute (\`EXACT_LIMIT\`) each request is a write, and the count is exact. Above, a process reserves a slice by one write and serves it`,
    `without any for ${(AHEAD_SLOTS * SLOT_MS) / 1_000} seconds: as many as it served in the last ${(AHEAD_SLOTS * SLOT_MS) / 1_000}, at most a ${LARGEST_PART}th of the limit (\`LARGEST_PART\`); at first a ${FIRST_PART}th (\`FIRST_PART\`), at most ${LARGEST_FIRST}`,
    "(`LARGEST_FIRST`). What a process holds when it ends is used up, and free again a minute later.",
    "",
    table(["Requests a minute", "First slice", "Largest slice"], rates),
    "",
    "## Before anybody is known",
    "",
    `Beside the class ${code("sign_in")}, in windows that are fixed. A source is an IPv4 address or an IPv6 /64, a block a /24 or /48. Of one account from one place`,
    `${FREE_ATTEMPTS} attempts fail without a wait; then one waits ${backOffSeconds(FREE_ATTEMPTS)} s, twice as long each time, up to ${backOffSeconds(100) / 60} minutes.`,
    "",
    table(
      ["Allowance", "At most", "In", "Of"],
      Object.entries(allowances).map(([name, { limit, window_seconds }]) => [
        code(name),
        number(limit),
        window_seconds === 60 ? "a minute" : "an hour",
        ALLOWANCES[name as AllowanceName],
      ]),
    ),
    "",
    "## By plan",
    "",
    `Organizations have what registration makes besides: ${included.join(", ")}.`,
    "",
    table(["Limit", ...planNames.map(code), "Of"], planned),
    "",
    "## Sizes",
    "",
    table(
      ["What", "At most"],
      SIZES.map(([what, most, unit]) => [what, `${number(most)}${unit}`]),
    ),
    "",
    "## How long things are held",
    "",
    table(
      ["What", "At most"],
      [
        ["an answer of the API", `${API_TIMEOUT_SECONDS} s`],
        ["a stream of events that can be resumed", `${STREAM_HELD_SECONDS} s, then its reader comes again`],
        ["a place for such a stream whose function died", `${STREAM_TIMEOUT_SECONDS} s`],
        ["a run that says nothing of it and waits for nothing", `${number(DEFAULT_TIMEOUT_SECONDS)} s`],
        [
          "any run",
          `${number(Math.floor(MAX_TIMEOUT_SECONDS / 86_400))} days and ${number((MAX_TIMEOUT_SECONDS % 86_400) / 3_600)} h`,
        ],
      ],
    ),
    "",
  ].join("\n");
}
