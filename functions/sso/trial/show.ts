import { sha256 } from "../../../shared/hash.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { PLATFORM } from "../../../shared/identity/items.ts";
import type { SignInDeps } from "../flow/deps.ts";
import type { signInOperations } from "../flow/operations.ts";
import { refusalPage } from "../flow/page.ts";
import { secretIn } from "../flow/rules/browser.ts";
import { signInItem } from "../store.ts";
import { trialPage } from "./page.ts";

/** For the browser that has the secret of the trial. */
export const showTrial: Handler<(typeof signInOperations)["showTrial"], SignInDeps> = async (
  { path, cookies, at },
  { table },
) => {
  const id = path.sso_trial_id;
  const secret = secretIn(cookies, id);
  const found = secret === undefined ? undefined : await table.of(PLATFORM).get(signInItem, { id });
  const own = secret !== undefined && found?.browser_hash === sha256(secret);
  if (!own || found.trial === undefined || Date.parse(found.expires_at) <= at.getTime()) return refusalPage("expired");
  return trialPage(found.trial);
};
