import type { EventDraft } from "../../../shared/change/events.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import type { Problem } from "../../../shared/errors.ts";
import type { User } from "../../../shared/identity/items.ts";
import type { AuthDeps } from "../deps.ts";
import { SESSIONS_PER_USER } from "../model.ts";
import type { Admitted } from "../throttle/admit.ts";
import { brokenGlass, LARGEST_BROKEN_GLASS } from "./break-glass.ts";
import type { ProviderTokens } from "./cognito.ts";
import { type Arrival, newDevice, newSession, openSession } from "./open.ts";

/** All that a sign-in by password has proved. */
export interface Proved {
  /** As read before the password was proved. */
  readonly user: User;
  readonly provider: ProviderTokens;
  readonly admitted: Admitted;
  readonly device_token: string | undefined;
  /** The refusal when the proof no longer counts. */
  readonly stale: () => Problem;
}

interface SignIn {
  readonly writes: readonly Write[];
  readonly events: readonly [EventDraft, ...EventDraft[]];
  readonly largest: number;
}

/** Opens the session of a sign-in by password; place and device are known from then on. */
export async function openSignIn<T>(
  call: Arrival,
  deps: AuthDeps,
  { user, provider, admitted, stale, ...sent }: Proved,
  commit: (opening: SignIn, answer: ReturnType<typeof answerOf>) => Promise<T>,
): Promise<T> {
  const known = admitted.device_known ? sent.device_token : undefined;
  const device_token = known ?? deps.randomSecret();
  const { session, tokens } = await newSession(deps, user, provider, { method: "password" }, call);
  const glass = await brokenGlass(deps.table, user, session, call);
  return openSession(deps, user, session, call.at, stale, (opening) =>
    commit(
      {
        writes: [...opening.writes, ...admitted.succeeded(device_token), ...glass],
        events: [...opening.events, ...(admitted.device_known ? [] : [newDevice(session)])],
        // User, session and all it may replace; attempts, two places; three events with their entries; the answer.
        largest: SESSIONS_PER_USER + 13 + LARGEST_BROKEN_GLASS,
      },
      answerOf(opening.user, tokens, device_token),
    ),
  );
}

const answerOf = (user: User, tokens: Awaited<ReturnType<typeof newSession>>["tokens"], device_token: string) => ({
  status: "signed_in" as const,
  user,
  tokens,
  device_token,
});
