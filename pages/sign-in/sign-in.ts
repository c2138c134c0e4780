import { call, deviceToken, opened, Refusal } from "../api.ts";
import type { Me } from "../calls.ts";
import { action, el, form, link, paragraph, show, textButton } from "../dom.ts";
import { texts } from "../texts.ts";
import { enrol } from "./enrol.ts";
import { providerButtons } from "./everybodys.ts";
import { type Left, leaveForProvider } from "./provider.ts";

/** What somebody signs in for. */
export interface Goal {
  readonly left: Left;
  /** Says what it is for, where it is for more than being signed in. */
  readonly lead?: string;
  readonly email?: string;
  /** Goes on with whoever is signed in. */
  done(me: Me): Promise<void>;
}

/** Lets somebody sign in: first the address, then how. */
export function signIn(goal: Goal): void {
  if (goal.email === undefined) askEmail(goal);
  else choose(goal, goal.email);
}

function askEmail(goal: Goal, email = ""): void {
  const field = { name: "email", label: texts.email, type: "email", autocomplete: "username", value: email } as const;
  show(
    texts.signIn.title,
    goal.lead !== undefined && paragraph(goal.lead),
    form([field], texts.next, async (values) => choose(goal, values.email ?? "")),
    providerButtons(goal.left),
    el("p", { class: "foot" }, texts.signIn.noAccount, " ", link("/register", texts.signIn.register)),
  );
}

/** The same choice for every address: nothing tells whether there is an account, or a company. */
function choose(goal: Goal, email: string): void {
  const username = { name: "email", label: texts.email, type: "email", autocomplete: "username" } as const;
  show(
    texts.signIn.title,
    goal.lead !== undefined && paragraph(goal.lead),
    form(
      [
        { ...username, value: email, readonly: true },
        { name: "password", label: texts.password, type: "password", autocomplete: "current-password" },
      ],
      texts.signIn.action,
      async ({ password }) => {
        const answer = await call("auth.login", { body: { email, password, ...deviceToken() } });
        if (answer.status === "mfa_required") return askCode(goal, answer.challenge);
        opened(answer);
        await goOn(goal);
      },
    ),
    el("p", { class: "or" }, texts.or),
    action(texts.signIn.company, () => leaveForProvider({ email }, goal.left)),
    providerButtons(goal.left),
    el(
      "p",
      { class: "foot" },
      textButton(texts.signIn.forgotten, () => forgotten(goal, email)),
      textButton(texts.signIn.another, () => askEmail({ ...goal }, email)),
    ),
  );
}

function askCode(goal: Goal, challenge: string): void {
  show(
    texts.code.title,
    paragraph(texts.code.lead),
    form(
      [{ name: "code", label: texts.code.label, autocomplete: "one-time-code", hint: texts.code.hint }],
      texts.signIn.action,
      async ({ code }) => {
        opened(await call("auth.login_mfa", { body: { challenge, code, ...deviceToken() } }));
        await goOn(goal);
      },
    ),
    el(
      "p",
      { class: "foot" },
      textButton(texts.signIn.again, () => signIn(goal)),
    ),
  );
}

function forgotten(goal: Goal, email: string): void {
  show(
    texts.forgotten.title,
    paragraph(texts.forgotten.lead),
    form(
      [{ name: "email", label: texts.email, type: "email", autocomplete: "username", value: email }],
      texts.forgotten.action,
      async (values) => {
        await call("auth.forgot_password", { body: { email: values.email } });
        show(texts.forgotten.sentTitle, paragraph(texts.forgotten.sent));
      },
    ),
    el(
      "p",
      { class: "foot" },
      textButton(texts.back, () => choose(goal, email)),
    ),
  );
}

/**
 * Does what needs a fresh proof of who it is; where theirs is too old they sign in again, and come back to where it is done.
 * @param back goes on afterwards: nothing is done that nobody presses a button for
 */
export async function proved(
  { user }: Me,
  left: Left,
  work: () => Promise<void>,
  back: (me: Me) => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Refusal && error.code === "step_up_required")) throw error;
    signIn({ left, email: user.email, lead: texts.signIn.fresh, done: back });
  }
}

/** Goes on once a session is open; first with a second factor, where the organization asks for one. */
export async function goOn(goal: Pick<Goal, "done">): Promise<void> {
  const me = await call("auth.me");
  if (me.refusal !== "mfa_enrolment_required") return goal.done(me);
  await enrol(texts.enrol.required, async () => goal.done(await call("auth.me")));
}
