import { setTimeout as sleep } from "node:timers/promises";
import { sentMails, tokenIn } from "./mails.ts";

export interface Person {
  readonly email: string;
  readonly password: string;
  readonly name: string;
  readonly organization_name: string;
}

/** Somebody to sign in as on a laptop; the same every time, and worth nothing anywhere else. */
export const demoUser: Person = {
  email: "demo@example.com",
  password: "Demo-user-4711",
  name: "Demo User",
  organization_name: "Demo Organization",
};

const MAIL_WITHIN_MS = 60_000;

const post = (apiUrl: string, path: string, body: object) =>
  fetch(`${apiUrl}/api/v1/auth/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

/**
 * Registers somebody through the API, as anybody would: the proof of the address comes with the mail.
 * @param endpoint of the local AWS, which keeps the mails
 * @returns the answer that makes the account
 * @throws one sentence that says what the API answered
 */
export async function registerPerson(apiUrl: string, endpoint: string, person: Person): Promise<unknown> {
  const { email, password, name, organization_name } = person;
  const registered = await post(apiUrl, "register", { email, name, organization_name });
  if (!registered.ok) throw new Error(await told(registered));
  const verified = await post(apiUrl, "verify-email", { token: await mailed(endpoint, email), password });
  if (!verified.ok) throw new Error(await told(verified));
  return verified.json();
}

const told = async (answer: Response): Promise<string> => `${answer.status} ${(await answer.text()).slice(0, 300)}`;

async function mailed(endpoint: string, address: string): Promise<string> {
  for (const end = Date.now() + MAIL_WITHIN_MS; Date.now() < end; await sleep(100)) {
    const token = tokenIn(await sentMails(endpoint), address, "rgn");
    if (token !== undefined) return token;
  }
  throw new Error("no mail came");
}

/** @returns undefined when the demo user exists (now or already), else one sentence that says what went wrong */
export async function ensureDemoUser(apiUrl: string, endpoint: string): Promise<string | undefined> {
  const { email, password } = demoUser;
  if ((await post(apiUrl, "login", { email, password })).ok) return undefined;
  try {
    await registerPerson(apiUrl, endpoint, demoUser);
    return undefined;
  } catch (error) {
    return `The demo user could not be registered: ${error instanceof Error ? error.message : error}`;
  }
}
