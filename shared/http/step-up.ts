import { Problem } from "../errors.ts";
import type { Session } from "../identity/items.ts";
import type { OperationShape } from "./operation.ts";

/** What can be proved again in a session without signing in anew. */
export type StepUpMethod = "password" | "totp" | "recovery_code";

/** The stronger factor where the account has a second one. Whoever signed in through a provider proves themselves there. */
export function stepUpMethods({ method, second_factor }: Pick<Session, "method" | "second_factor">): StepUpMethod[] {
  if (second_factor) return ["totp", "recovery_code"];
  return method === "password" ? ["password"] : [];
}

/**
 * Refuses what needs a fresh proof when the session's last one is older. Somebody who has come by a token alone so does
 * none of what cannot be taken back.
 * @throws Problem `step_up_required`
 */
export function requireFreshProof(
  { step_up }: Pick<OperationShape, "step_up">,
  session: Pick<Session, "method" | "second_factor" | "proved_at">,
  at: Date,
): void {
  if (step_up === undefined || at.getTime() - Date.parse(session.proved_at) <= step_up * 60_000) return;
  const methods = stepUpMethods(session);
  const how =
    methods.length > 0
      ? "Prove it with `POST /auth/step-up` and try again."
      : "You came through a sign-in provider: sign in again.";
  throw new Problem("step_up_required", `This needs you to have proved who you are within ${step_up} minutes. ${how}`, {
    members: { methods, max_age_minutes: step_up },
  });
}
