import * as z from "zod";
import type { PlatformProvider } from "../identity/platform-providers.ts";
import { type Environment, parseEnvironment } from "./env.ts";

const text = () => z.string().min(1);
const count = () => z.coerce.number().int().positive();
const trueOrFalse = () => z.enum(["true", "false"]);
const isTrue = (said: string): boolean => said === "true";
const list = () =>
  z
    .string()
    .default("")
    .transform((said) => said.split(",").filter((one) => one !== ""));

/**
 * Every setting that code in a function reads, with its form, which is made when the setting is read. Infra writes them; each function reads those it needs by
 * name. The source of the second half of docs/settings.md.
 */
export const settings = {
  STAGE: () => z.enum(["local", "development", "staging", "production"]).describe("The stage that is deployed."),
  TABLE_NAME: () => text().describe("The table."),
  TABLE_WRITES: () =>
    z
      .string()
      .optional()
      .describe(
        "Types of items that the function writes; the table's client refuses others. Without it all may be written.",
      ),
  TENANT_ROLE_ARN: () =>
    text()
      .optional()
      .describe(
        "The function's own role, which it takes anew for each organization that it serves (`-c tenant_credentials`); without it the table is asked by the function's own credentials only.",
      ),
  BUCKET_NAME: () => text().describe("The bucket of files."),
  COPIES_BUCKET_NAME: () => text().describe("The bucket of locked copies of the audit log."),
  COPIES_LOCK: () =>
    z
      .enum(["GOVERNANCE", "COMPLIANCE"])
      .describe("How copies are locked: so that nobody, or only who may bypass it, ends it."),
  PROOF_KEY_ARN: () => text().describe("The key that signs proofs for anybody to check."),
  HEADS_KEY_ARN: () => text().describe("The key that signs heads of the tree of audit entries."),
  DEPLOYMENTS_KEY_ARN: () => text().describe("The key that signs what is deployed to the built-in data plane."),
  DATA_PLANE_FUNCTION_ARN: () => text().describe("The built-in data plane's way in for the management plane."),
  DATA_PLANE_KEY_ARN: () => text().describe("The built-in data plane's key, for which secrets are sealed."),
  DATA_PLANE_URL: () => z.url().describe("Where the built-in data plane serves what is deployed to it."),
  KEY_ARN: () => text().describe("The key for secrets of tenants."),
  SECRET_USES: () =>
    z
      .string()
      .optional()
      .describe(
        "What secrets the function makes and reads (`seal:…`, `open:…`); others are refused. Without it all may be used.",
      ),
  USER_POOL_ID: () => text().describe("The user pool."),
  USER_POOL_CLIENT_ID: () => text().describe("The pool's client for passwords; SSO connections have their own."),
  POOL_URL: () =>
    z
      .url()
      .optional()
      .describe(
        "The pool's domain, through which people come from sign-in providers; on a laptop what stands for AWS.",
      ),
  GOOGLE_CLIENT: () =>
    text().optional().describe("The pool's client for sign-in with Google, where the operator has set it up."),
  MICROSOFT_CLIENT: () =>
    text().optional().describe("The pool's client for sign-in with Microsoft, where the operator has set it up."),
  MICROSOFT_REGISTRATION: () =>
    text().optional().describe("The app registration at Microsoft: people go by other names in another."),
  BUS_NAME: () => text().describe("The event bus."),
  BUS_ARN: () => text().describe("The event bus, by its ARN: customers' buses of the same account are told by it."),
  STATE_MACHINE_ARN: () => text().describe("The workflow of runs."),
  DEAD_LETTERS_URL: () => text().describe("Where waits what the stream of the table brought and nobody can work off."),
  DUE_QUEUES: () => text().describe("The queues of due things, each with its kinds, as JSON."),
  MAIL_FROM: () => text().describe("Sender of mail."),
  MAIL_CONFIGURATION_SET: () =>
    text()
      .optional()
      .describe("The configuration set of SES by which bounces and complaints come back; a laptop has none."),
  APP_URL: () => text().describe("Where links in mails lead."),
  RATE_LIMIT_USER: () =>
    count()
      .default(600)
      .describe("Requests a minute by which one user reads, over all organizations; other classes have a part of it."),
  RATE_LIMIT_ADDRESS: () =>
    count()
      .default(300)
      .describe("Requests a minute of one address on routes that need no token; tries to sign in have a third of it."),
  ORIGIN_FACTOR: () => count().default(1).describe("Multiplies what is allowed by address where everybody shares one."),
  REGISTRATION: () => z.enum(["open", "closed"]).default("open").describe("`closed`: nobody registers by themselves."),
  REGISTRATION_DOMAINS: () => list().describe("Domains whose addresses may register; all where none is named."),
  FRONT_SECRET: () =>
    z
      .string()
      .min(32)
      .optional()
      .describe("Proves that a request came through the front; needed wherever the API is deployed."),
  SIGN_IN_PLACE: () =>
    trueOrFalse()
      .default("false")
      .transform(isTrue)
      .describe("Whether the front says where a viewer is; else nobody is believed."),
  BROWSER_ORIGINS: () => list().describe("Origins whose pages may call the API."),
  DNS_SERVERS: () =>
    list().describe("Name servers that records of domains are asked of; the machine's own where none is named."),
  OUTBOUND_ALLOW_HTTP: () =>
    trueOrFalse().transform(isTrue).describe("Whether tenants' addresses may be called by plain http."),
  OUTBOUND_ALLOW_HOSTS: () => list().describe("Private hosts that may be called."),
  SECRET_SCANNING_KEYS: () =>
    z
      .url()
      .default("https://api.github.com/meta/public_keys/secret_scanning")
      .describe("Where the keys are of whoever reports leaked API keys."),
  AWS_REGION: () => text().describe("The region; Lambda sets it."),
  AWS_ENDPOINT_URL: () => z.url().optional().describe("What stands for AWS, on a laptop only."),
};
type Forms = typeof settings;
export type Setting = keyof Forms;
export type Settings = { readonly [N in Setting]: z.output<ReturnType<Forms[N]>> };

/**
 * The settings of these names.
 * @throws Error that names those that are missing or wrong, at the cold start
 */
export function readSettings<N extends Setting>(names: readonly N[], environment?: Environment): Pick<Settings, N> {
  const forms = Object.fromEntries(names.map((name) => [name, settings[name]()]));
  return parseEnvironment(forms, environment) as Pick<Settings, N>;
}

/** The setting that holds the pool's app client of a provider through which everybody may sign in. */
export const clientSetting = <P extends PlatformProvider>(provider: P) =>
  `${provider.toUpperCase() as Uppercase<P>}_CLIENT` as const;

/** The setting that holds the address of a named queue (`send:<queue>`): `QUEUE_WEBHOOK_JOBS_URL`. */
export const queueSetting = (queue: string): string => `QUEUE_${queue.toUpperCase()}_URL`;

/** The address of a named queue. */
export function readQueueAddress(queue: string): string {
  const name = queueSetting(queue);
  return String(parseEnvironment({ [name]: text() })[name]);
}
