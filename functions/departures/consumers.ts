import { principalKey } from "../../shared/access/principal.ts";
import { commitChange, systemContext } from "../../shared/change/commit.ts";
import type { EventDraft } from "../../shared/change/events.ts";
import { addSeconds, type Clock, timestamp } from "../../shared/clock.ts";
import type { Due } from "../../shared/due/item.ts";
import type { Table } from "../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../shared/dynamo/write.ts";
import { Problem } from "../../shared/errors.ts";
import type { HandOver } from "../../shared/identity/hand-over.ts";
import { membershipItem } from "../../shared/identity/items.ts";
import { auditDaysOf } from "../../shared/identity/organization.ts";
import { type OwnableKind, ownedItem } from "../../shared/identity/owned.ts";
import { endThread, handOverAgent, threadsOf } from "../agents/public.ts";
import { activeKeysOf, revocation } from "../api-keys/public.ts";
import { revocation as invitationRevocation, pendingOf } from "../invitations/public.ts";
import { handOverPipeline } from "../pipelines/public.ts";
import { handOverSchedule } from "../schedules/public.ts";
import { leaveTeam, placesOf } from "../teams/public.ts";
import { type Removal, removalItem } from "../users/public.ts";
import { handOverWebhook } from "../webhooks/public.ts";
import { giveUpSeat, seatsOf } from "../workspaces/public.ts";

/** Indexes show what was written last within a second or two; a look that finds nothing is repeated after this. */
const LOOK_AGAIN_SECONDS = 60;
/** How long a removal can be read after it is done. */
const KEPT_SECONDS = 400 * 86_400;

/** How each kind of thing that a member can own goes to another one. */
const handOvers: Readonly<Record<OwnableKind, HandOver>> = {
  agent: handOverAgent,
  pipeline: handOverPipeline,
  schedule: handOverSchedule,
  webhook: handOverWebhook,
};

interface Deps {
  readonly table: Table;
  readonly clock: Clock;
}

interface Step {
  readonly writes: readonly Write[];
  readonly events: readonly EventDraft[];
  readonly counts: Readonly<
    Partial<
      Record<
        | "invitations_revoked"
        | "teams_left"
        | "threads_deleted"
        | "api_keys_revoked"
        | "workspaces_left"
        | "workspaces_handed_over"
        | `${OwnableKind}s_handed_over`,
        number
      >
    >
  >;
}

/**
 * `departure`: gives up what a member held who was removed or left, thing by thing. Each thing, its event and its count in
 * the removal are one transaction, so that a worker that dies leaves nothing half done and the next one goes on where it
 * stopped. Somebody who has joined again meanwhile keeps what is left.
 * @returns when to look again; undefined when a second look found nothing either
 * @throws Problem where nothing that is left can be given up
 */
export async function depart({ tenant, ref }: Due, { table, clock }: Deps): Promise<Date | undefined> {
  const own = table.of(tenant);
  const removal = await own.get(removalItem, { user_id: ref });
  if (removal?.status !== "running") return undefined;
  const [gone, successor] = await table.batch([
    own.read(membershipItem, { user_id: ref }),
    own.read(membershipItem, { user_id: removal.successor_id }),
  ]);
  if (gone?.status !== "removed") {
    await settle(own.table, removal, clock.now(), true);
    return undefined;
  }
  const heir = successor?.status === "active" ? removal.successor_id : undefined;
  let found = 0;
  let done = 0;
  let refusal: Problem | undefined;
  const take = async (step: Step | Promise<Step>): Promise<void> => {
    found++;
    try {
      await commitStep(table, removal, await step, clock.now());
      done++;
    } catch (error) {
      // Somebody else changed it at this moment: the next look sees what is left.
      if (!(error instanceof Problem) || error.status >= 500) throw error;
      refusal = error;
    }
  };
  for await (const invitation of pendingOf(table, tenant, ref))
    await take({ ...invitationRevocation(own, invitation, clock.now()), counts: { invitations_revoked: 1 } });
  for (const { team_id } of await placesOf(table, tenant, ref))
    await take(
      leaveTeam(table, tenant, { team_id, user_id: ref }, clock.now()).then((step) => ({
        ...step,
        counts: { teams_left: 1 },
      })),
    );
  for await (const seat of seatsOf(table, tenant, ref))
    await take(
      giveUpSeat(table, tenant, seat, heir, clock.now()).then(({ handed_over, ...step }) => ({
        ...step,
        counts: { workspaces_left: 1, ...(handed_over ? { workspaces_handed_over: 1 } : {}) },
      })),
    );
  for await (const thread of threadsOf(own, principalKey({ type: "user", id: ref })))
    await take({ ...endThread(own, thread, clock.now()), counts: { threads_deleted: 1 } });
  for await (const key of activeKeysOf(own, ref))
    await take(
      auditDaysOf(own).then((audit_days) => ({
        ...revocation(own, key, { at: clock.now(), audit_days, reason: "owner_removed" }),
        counts: { api_keys_revoked: 1 },
      })),
    );
  for await (const { kind, id } of own.all(ownedItem, { of: { owner_id: ref } }))
    await take(
      handOvers[kind](own, id, ref, heir ?? null, clock.now()).then((step) => ({
        ...step,
        counts: { [`${kind}s_handed_over`]: step.events.length },
      })),
    );
  // Two looks that give nothing up met no race: somebody has to see it, by the dead-letter queue's alarm.
  if (refusal !== undefined && done === 0 && removal.looked_at !== null) throw refusal;
  const again = found > 0 || removal.looked_at === null;
  await settle(own.table, removal, clock.now(), !again);
  return again ? addSeconds(clock.now(), LOOK_AGAIN_SECONDS) : undefined;
}

async function commitStep(table: Table, removal: Removal, { writes, events, counts }: Step, at: Date): Promise<void> {
  const { user_id, organization_id, removed_at } = removal;
  const own = table.of(organization_id);
  const counted = own.writes.update(
    removalItem,
    { user_id },
    { add: counts },
    { equals: { status: "running", removed_at } },
    lostRace,
  );
  const stillGone = own.writes.check(membershipItem, { user_id }, { equals: { status: "removed" } }, lostRace);
  const all = [counted, stillGone, ...writes];
  const [first, ...rest] = events;
  if (first === undefined) return table.transact(all);
  const context = systemContext(organization_id, "departure", at, await auditDaysOf(own));
  await commitChange(table, context, { writes: all, events: [first, ...rest] });
}

/** Writes down that somebody looked, or that the removal is complete; nothing where another worker has completed it. */
async function settle(table: Table, { user_id, organization_id, removed_at }: Removal, at: Date, done: boolean) {
  const own = table.of(organization_id);
  const now = timestamp(at);
  const set = done
    ? { status: "completed" as const, completed_at: now, expires_at: timestamp(addSeconds(at, KEPT_SECONDS)) }
    : { looked_at: now };
  const { writes } = own;
  const settled = writes.update(
    removalItem,
    { user_id },
    { set },
    { equals: { status: "running", removed_at } },
    lostRace,
  );
  try {
    await table.transact([settled]);
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== "precondition_failed") throw error;
  }
}
