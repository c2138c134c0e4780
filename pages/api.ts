import { type Answers, type CallId, calls, type Opened, type Tokens } from "./calls.ts";
import { texts } from "./texts.ts";

/** Why the API has refused something: a problem document (RFC 9457). */
export class Refusal extends Error {
  readonly code: string;
  /** Fields of the body that are wrong, each with what is. */
  readonly issues: readonly { readonly path: string; readonly message: string }[];

  constructor(problem: { code?: string; detail?: string; issues?: Refusal["issues"] }) {
    super(problem.detail ?? texts.unreachable);
    this.code = problem.code ?? "";
    this.issues = problem.issues ?? [];
  }
}

interface Sent {
  readonly body?: object;
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly organization_id?: string;
}

/** Tokens are in memory only: a reload, and whoever reads the disk, finds none. */
let tokens: Tokens | undefined;
let refreshing: Promise<void> | undefined;

const DEVICE = "kaizen.device";

/** Only tells that somebody has signed in from this device before. */
export const deviceToken = (): { device_token?: string } => {
  const device_token = localStorage.getItem(DEVICE);
  return device_token === null ? {} : { device_token };
};

export function opened({ tokens: given, device_token }: Opened): void {
  tokens = given;
  localStorage.setItem(DEVICE, device_token);
}

export const closed = (): void => {
  tokens = undefined;
};

export const isSignedIn = (): boolean => tokens !== undefined;

async function send(id: CallId, { body, path = {}, query = {}, organization_id }: Sent): Promise<unknown> {
  const [method = "", template = ""] = calls[id].split(" ");
  const address = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path[name] ?? ""));
  const headers = {
    ...(body === undefined ? {} : { "content-type": "application/json" }),
    ...(tokens === undefined ? {} : { authorization: `Bearer ${tokens.access_token}` }),
    ...(organization_id === undefined ? {} : { "organization-id": organization_id }),
  };
  const json = body === undefined ? {} : { body: JSON.stringify(body) };
  const asked = new URLSearchParams(query).toString();
  const answer = await fetch(`/api/v1${address}${asked === "" ? "" : `?${asked}`}`, { method, headers, ...json }).catch(
    () => {
      throw new Refusal({});
    },
  );
  const text = await answer.text();
  const value = text === "" ? undefined : parsed(text);
  if (!answer.ok) throw new Refusal((value ?? {}) as object);
  return value;
}

/** What stands between us and the API may answer with a page of its own. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal({});
  }
}

/** Nothing was done: what was sent may be sent again. */
const PASSES = ["rate_limited", "service_unavailable"];

/** One at a time: a refresh token works once. It is kept where the API has not taken it. */
function refresh(): Promise<void> {
  const before = tokens;
  const { refresh_token } = before ?? { refresh_token: "" };
  refreshing ??= (async () => {
    try {
      closed();
      tokens = (await send("auth.refresh", { body: { refresh_token } })) as Tokens;
    } catch (error) {
      if (error instanceof Refusal && PASSES.includes(error.code)) tokens = before;
      throw error;
    } finally {
      refreshing = undefined;
    }
  })();
  return refreshing;
}

/**
 * Calls the API, with the session's token where there is one; an access token that has ended is renewed.
 * @throws Refusal
 */
export async function call<Id extends CallId>(id: Id, sent: Sent = {}): Promise<Answers[Id]> {
  try {
    return (await send(id, sent)) as Answers[Id];
  } catch (error) {
    if (!(error instanceof Refusal && error.code === "unauthenticated" && (isSignedIn() || refreshing))) throw error;
    await refresh();
    return (await send(id, sent)) as Answers[Id];
  }
}
