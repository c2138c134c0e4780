import type { PreSignUpTriggerEvent, PreTokenGenerationV2TriggerEvent } from "aws-lambda";
import type { Table } from "../../../shared/dynamo/table.ts";
import { PLATFORM, poolAccountItem, userItem } from "../../../shared/identity/items.ts";

type PoolEvent = PreSignUpTriggerEvent | PreTokenGenerationV2TriggerEvent;

/** With it an access token opens the pool's own doors: changing attributes and password, deleting the account. */
const SELF_SERVICE_SCOPE = "aws.cognito.signin.user.admin";

/**
 * The pool's own doors follow the table too. Accounts are made by this API or by a connected identity provider, never
 * by signing up at the pool; a user who is known and not active gets no token by any way in; and no access token lets
 * its holder change or delete the account past our rules and our audit trail.
 * @returns the event with what the pool is to do (pre token generation, version 2)
 * @throws to refuse; the pool shows the text
 */
export async function admitToPool<E extends PoolEvent>(event: E, table: Table): Promise<E> {
  if (event.triggerSource === "PreSignUp_SignUp") throw new Error("Accounts are registered through the API.");
  if (!event.triggerSource.startsWith("TokenGeneration_")) return event;
  const { sub } = event.request.userAttributes;
  if (sub === undefined) throw new Error("The pool does not say whose token it is.");
  const platform = table.of(PLATFORM);
  const account = await platform.get(poolAccountItem, { sub });
  const user = account === undefined ? undefined : await platform.get(userItem, { id: account.user_id });
  if (user !== undefined && user.status !== "active") throw new Error("This account is not active.");
  const accessTokenGeneration = { scopesToSuppress: [SELF_SERVICE_SCOPE] };
  return { ...event, response: { claimsAndScopeOverrideDetails: { accessTokenGeneration } } };
}
