import { Secret, TOTP } from "otpauth";
import type { ApiAnswer } from "./api.ts";

/** The authenticator app of a test: gives each time step's code once, from the step of its making on. */
export class App {
  readonly #totp: TOTP;
  #counter: number;

  constructor(secret: string, now = new Date()) {
    this.#totp = new TOTP({ secret: Secret.fromBase32(secret) });
    this.#counter = this.#totp.counter({ timestamp: now.getTime() });
  }

  /** Two of them count at once: that of now, and that of the next step. */
  code(): string {
    return this.#totp.generate({ timestamp: this.#counter++ * 30_000 });
  }
}

/** A code that is wrong in all steps around now. */
export const wrongCode = (app: string, now = new Date()): string => {
  const totp = new TOTP({ secret: Secret.fromBase32(app) });
  const right = [-2, -1, 0, 1, 2].map((step) => totp.generate({ timestamp: now.getTime() + step * 30_000 }));
  return ["000000", "111111", "222222", "333333", "444444", "555555"].find((code) => !right.includes(code)) ?? "";
};

interface Person {
  call(method: string, path: string, body?: unknown): Promise<Pick<ApiAnswer, "status" | "body">>;
}

/** Turns a person's second factor on. */
export async function enrol(person: Person): Promise<{ secret: string; app: App; recovery_codes: string[] }> {
  const begun = await person.call("POST", "/auth/me/mfa/totp", {});
  if (begun.status !== 201) throw new Error(`no enrolment: ${begun.status} ${JSON.stringify(begun.body)}`);
  const app = new App(begun.body.secret);
  const on = await person.call("POST", "/auth/me/mfa/totp/activate", { code: app.code() });
  if (on.status !== 200) throw new Error(`not turned on: ${on.status} ${JSON.stringify(on.body)}`);
  return { secret: begun.body.secret, app, recovery_codes: on.body.recovery_codes };
}
