import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Call } from "../../../shared/http/call.ts";
import type { OperationShape, Redirect } from "../../../shared/http/operation.ts";
import { PLATFORM } from "../../../shared/identity/items.ts";
import type { SignInDeps } from "../flow/deps.ts";
import { type Judged, judge } from "../flow/judge.ts";
import { personOf } from "../flow/person.ts";
import { cookieFor } from "../flow/rules/browser.ts";
import { byGroups } from "../flow/teams.ts";
import { type Place, type Profile, type Refusal, refusals, TRIAL_SECONDS, type TrialResult } from "../model.ts";
import { connectionItem, type SignIn, signInItem, wayTo } from "../store.ts";

const NOTHING = {
  account: null,
  user_id: null,
  joins_via: null,
  role: null,
  enters_teams: [],
  leaves_teams: [],
} as const;

const refused = (reason: Refusal, profile?: Profile): TrialResult => ({
  ...NOTHING,
  enters_teams: [],
  leaves_teams: [],
  outcome: "refused",
  reason,
  explanation: refusals[reason],
  claims: profile ?? null,
});

/** In place of a user whom nobody has made. */
const NOBODY = "usr_00000000000000000000000000";

/** What a sign-in would make of a person: read and decided as for a sign-in, and nothing is written. */
async function resultOf(table: Table, judged: Judged, profile: Profile): Promise<TrialResult> {
  const { decision, user, membership, connection } = judged;
  if (decision.kind === "refused") return refused(decision.reason, profile);
  const role = decision.join?.role ?? membership?.role ?? connection.default_role;
  const rule = await byGroups(table, judged, profile, user?.id ?? NOBODY, role);
  return {
    outcome: "signed_in",
    reason: null,
    explanation: null,
    claims: profile,
    account: decision.kind === "new" ? "new" : decision.link ? "linked" : "known",
    user_id: user?.id ?? null,
    joins_via: decision.join?.via ?? null,
    role: rule.role,
    enters_teams: [...rule.enter],
    leaves_teams: [...rule.leave],
  };
}

interface Begun {
  readonly signIn: SignIn;
  readonly place: Place;
  readonly secret: string;
}

async function outcome(
  code: string | undefined,
  { place, secret }: Begun,
  deps: SignInDeps,
  at: Date,
): Promise<TrialResult> {
  const connection = await deps.table.of(place.organization_id).get(connectionItem, { id: place.connection_id });
  if (connection?.status !== "active" && connection?.status !== "inactive") return refused("connection_inactive");
  if (code === undefined) return refused("provider_refused");
  const way = wayTo(connection);
  const person = way === null ? undefined : await personOf(code, secret, way, deps);
  if (person === undefined) return refused("provider_failed");
  const judged = await judge(deps.table, place, person.profile, at, { as_open: true });
  return judged === undefined ? refused("connection_inactive") : resultOf(deps.table, judged, person.profile);
}

/** Ends a trial: what came of it is kept for whoever has asked, and shown to their browser. The pool's tokens end here. */
export async function tried(
  { query, at }: Pick<Call<OperationShape>, "at"> & { readonly query: { readonly code?: string | undefined } },
  deps: SignInDeps,
  begun: Begun,
): Promise<Redirect> {
  const { id } = begun.signIn;
  const trial = await outcome(query.code, begun, deps, at);
  await deps.table.transact([
    deps.table.of(PLATFORM).writes.transition(
      signInItem,
      { id },
      {
        from: ["started"],
        set: { status: "spent", trial, expires_at: timestamp(addSeconds(at, TRIAL_SECONDS)) },
      },
      () => new Problem("conflict", "This trial is over already. Begin another one."),
    ),
  ]);
  return { location: `/api/v1/sso/trials/${id}`, cookie: cookieFor(id, begun.secret, TRIAL_SECONDS) };
}
