import type { FilePurpose } from "./blobs/purposes.ts";
import type { SecretUse } from "./secrets/purposes.ts";

/**
 * What a function may touch. Infra turns each need into the narrowest grant and into the settings that name the
 * thing; a room says no more than the word.
 */
export type Need =
  | "table_read"
  /** Reading the whole table, and removing whatever is an organization's: for the erasure of one. */
  | "table_erase"
  /** Signing what anybody can check, by the deployment's key for proofs. */
  | "sign"
  /** Signing heads of the tree of audit entries, by a key of their own. */
  | "sign_heads"
  /** The public half of that key. */
  | "heads_key"
  /** Secrets for one purpose: making them, reading them. */
  | SecretUse
  | "identities"
  /** Providers and their app clients at the user pool. */
  | "identity_providers"
  /** The pool's hosted sign-in, through which people come from providers. */
  | "hosted_sign_in"
  /** Which of the providers that are everybody's the operator has set up. */
  | "everybodys_providers"
  /** Files for one purpose: reading, reading and writing, removing. */
  | `files_${"read" | "write" | "remove"}:${FilePurpose}`
  /** Locked copies of the audit log: reading them, or writing and holding them. */
  | "copies_read"
  | "copies_write"
  | "mail"
  | "models"
  | "outbound"
  /** Records of foreign domains. */
  | "dns"
  | "runs_start"
  | "runs_control"
  | "due"
  | "bus"
  /** Telling what the data plane has done, on the same bus by a source of its own. */
  | "data_plane_events"
  /** Buses of customers, to which they have us put their audit entries. */
  | "customers_buses"
  /** Asking the built-in data plane, and sealing what is secret for it: nobody here opens that again. */
  | "data_plane"
  /** Signing what is deployed to the built-in data plane, by a key of its own; and the public half of that key. */
  | "sign_deployments"
  | "deployments_key"
  | `send:${string}`;

/**
 * What a function that no request calls does for an organization that is suspended or deleted. Requests are refused
 * (`shared/access`); each of these has to say it, and what is not `goes_on` has a row in the test of suspended work.
 */
export type WhenSuspended =
  /** It only finishes, ends or takes away what is there, or is about people and not about the organization. */
  | "goes_on"
  /** Nothing is lost: it is done once the organization is restored. */
  | "waits"
  /** What it would work at comes to its end, which says why. */
  | "ends"
  /** It is not done, and somebody asks for it again who misses it. */
  | "drops";

/** By which source the data plane tells what it has done. */
export const DATA_PLANE_SOURCE = "kaizen-studio.data-plane";

/** What calls a function. There is always a queue between the bus and a function. */
export type Trigger =
  | { readonly kind: "api" }
  | { readonly kind: "stream" }
  | { readonly kind: "events"; readonly types: readonly string[] | "all"; readonly suspended: WhenSuspended }
  | { readonly kind: "queue"; readonly queue: string; readonly suspended: WhenSuspended }
  /** What other changes left to be done later (`shared/due`): these kinds come into this queue when their time has come. */
  | {
      readonly kind: "due";
      readonly kinds: readonly string[];
      readonly queue: string;
      readonly suspended: WhenSuspended;
    }
  /**
   * New items of a type, as the table's stream shows them, whatever has become of the organization: events, which are sent on,
   * and audit entries, which get their place. A stream takes two readers, and these are they (docs/adr/0089).
   */
  | {
      readonly kind: "inserts";
      readonly of: "event" | "audit_entry" | "usage_record";
      readonly window_seconds?: number;
    }
  | { readonly kind: "task"; readonly suspended: WhenSuspended }
  | { readonly kind: "run_status"; readonly suspended: WhenSuspended }
  /** Mails that were not taken, as SES tells of them. */
  | { readonly kind: "mail_status" }
  | { readonly kind: "rate"; readonly minutes: number }
  /** What the data plane has done, as it tells it on the bus. */
  | { readonly kind: "served"; readonly types: readonly string[]; readonly suspended: WhenSuspended }
  /** An address of its own, which streams: of the data plane, which knows no users and takes its own keys. */
  | { readonly kind: "door" }
  /** Whoever may invoke it, and nobody else: the data plane's only way in for the management plane. */
  | { readonly kind: "invoked" }
  | { readonly kind: "cognito"; readonly triggers: readonly ("pre_sign_up" | "pre_token_generation")[] };

/**
 * Where a room is deployed: each area is a stack of its own, so that none meets CloudFormation's limit of resources.
 * `gateway` is the API itself and what it says about itself; `plane`, the data plane, is where what was deployed runs, with a table, files
 * and keys of its own, of which the other areas have nothing and which has nothing of theirs.
 */
export const areas = [
  "gateway",
  "identity",
  "federation",
  "people",
  "build",
  "run",
  "serve",
  "govern",
  "evidence",
  "insight",
  "plane",
] as const;
export type Area = (typeof areas)[number];

/** One function of a room. Its Lambda entry is `entries/<name>.ts` in the room's folder, the name with `-` for `_`. */
export interface FunctionData {
  readonly trigger: Trigger;
  readonly needs: readonly Need[];
  /**
   * Types of the items that it writes, beside those of {@link REQUEST_WRITES} where it answers requests. Its role may
   * write nothing else, and the table's client refuses anything else, so that a type that is forgotten here shows
   * wherever it runs.
   */
  readonly writes?: readonly string[];
  /** Single attributes that it sets of items whose type it does not write, beside {@link REQUEST_TOUCHES}. */
  readonly touches?: readonly string[];
  readonly timeout_seconds: number;
  readonly memory_mb: number;
  /** How many messages of its queue it gets at once; ten, unless one alone may fill its time or memory. */
  readonly batch_size?: number;
  /** Limits how many run at once, where a downstream needs it. */
  readonly max_concurrency?: number;
  /**
   * So many may run at once, kept free for this function: what holds an instance for long can neither take all of the
   * account's concurrency from the API nor be left without any by it.
   */
  readonly reserved_concurrency?: number;
  /**
   * Its code is in parts: what it imports when it is needed is read then, and not at its start. Without it the code is one
   * file (ADR 24).
   */
  readonly in_parts?: true;
}

/** For answers that hold a secret and are kept for their idempotency key. */
export const ANSWERS = ["seal:answers", "open:answers"] as const;

/** What a change leaves beside what it changes. */
export const CHANGE_WRITES = ["audit_entry", "event"] as const;

/** What is written for every request, whatever it asks for: its counting (of an API key by operation, too), its refusal, its kept answer, that an operator sends it. */
export const REQUEST_WRITES = [
  ...CHANGE_WRITES,
  "api_key_usage",
  "denial_counter",
  "idempotency_key",
  "operator_access_use",
  "rate_counter",
  "shadow_count",
] as const;

/** What a function needs to answer requests, whatever they ask for: it checks the API keys that they come with. */
export const REQUEST_NEEDS: readonly Need[] = ["open:api_key_pepper"];

/** Whether it is people and programs who call it. */
export const answersRequests = ({ trigger }: Pick<FunctionData, "trigger">): boolean =>
  trigger.kind === "api" || trigger.kind === "stream";

/** Everything that a function needs. */
export const needsOf = (data: Pick<FunctionData, "trigger" | "needs">): readonly Need[] => [
  ...new Set([...data.needs, ...(answersRequests(data) ? REQUEST_NEEDS : [])]),
];

/** Types of all items that a function writes, in order. */
export function writesOf(data: FunctionData): string[] {
  return [...new Set([...(answersRequests(data) ? REQUEST_WRITES : []), ...(data.writes ?? [])])].sort();
}

/**
 * Attributes of items of other rooms that every request may set, and nothing else of them: when a session was last seen, and
 * on which day a member, with the index by that day, and when and from where an API key was used. Whoever answers requests
 * can so write it beside what it reads, and still neither make, end nor revive a session, a membership or a key.
 */
export const REQUEST_TOUCHES = [
  "session.last_seen_at",
  "session.longest_idle_seconds",
  "membership.last_seen_on",
  "membership.gsi4pk",
  "membership.gsi4sk",
  "api_key.last_used_at",
  "api_key.last_used_ip",
] as const;

/** Attributes that a function sets of items whose type it does not write. */
export const touchesOf = (data: FunctionData): readonly string[] => [
  ...(answersRequests(data) ? REQUEST_TOUCHES : []),
  ...(data.touches ?? []),
];

export interface QueueData {
  /** How long one attempt may take before the message is shown again; above the function's time limit. */
  readonly visibility_seconds: number;
  readonly max_receives: number;
}

/** A capability as plain data: what it is called, which functions it has and what they need. No SDK, no CDK. */
export interface RoomData {
  readonly name: string;
  readonly area: Area;
  readonly functions: Readonly<Record<string, FunctionData>>;
  readonly queues?: Readonly<Record<string, QueueData>>;
}

/**
 * How long a message that was received stays hidden: what a worker that died had taken comes again after this. Above the
 * function's time limit, as Lambda demands, and a minute at least, so that a message is not shown again while its batch
 * waits for a throttled function. AWS advises six times the time limit for that; here receives are plenty instead
 * (`MAX_RECEIVES`), for whoever waits for an event waits no longer because a worker died.
 */
export const visibilitySeconds = (timeout_seconds: number): number => Math.max(60, timeout_seconds * 2);

/** Messages are tried this often before they wait in the dead-letter queue: ten minutes of throttling at least. */
export const MAX_RECEIVES = 10;

/** The longest the HTTP API waits for an answer. */
export const API_TIMEOUT_SECONDS = 29;

/**
 * The longest that a stream of events is held which its reader can resume: AWS goes on running, and billing, a streamed
 * function whose reader has left.
 */
export const STREAM_HELD_SECONDS = 45;
/** The time limit of the function that holds such streams. */
export const STREAM_TIMEOUT_SECONDS = 60;

export const defineRoom = <const R extends RoomData>(room: R): R => room;

/** The usual function behind the HTTP API. */
export const apiFunction = (needs: readonly Need[], more: Partial<FunctionData> = {}): FunctionData => ({
  trigger: { kind: "api" },
  needs,
  timeout_seconds: API_TIMEOUT_SECONDS,
  memory_mb: 512,
  ...more,
});

/** Where a function's Lambda entry stands in its room's folder: `entries/run-node.ts` for `run_node`. */
export const entryFile = (name: string): string => `entries/${name.replaceAll("_", "-")}.ts`;
