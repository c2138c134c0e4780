import type { Envelope } from "../../../shared/change/events.ts";
import { updateWithRetry } from "../../../shared/change/update.ts";
import type { Clock } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { lostRace } from "../../../shared/dynamo/write.ts";
import { membershipItem, PLATFORM, userItem, userOrganizationItem } from "../../../shared/identity/items.ts";
import { newEtag } from "../../../shared/ids.ts";
import { nameKeyOf } from "../model.ts";
import { memberTerms } from "./rules/terms.ts";
import { memberTermItem, memberTermsItem } from "./store.ts";

interface Deps {
  readonly table: Table;
  readonly clock: Clock;
}

/**
 * Keeps what members are found and sorted by in step with what they are: of the organization that an event is about, or
 * of all of a person's organizations where they changed themselves. What is true is read, not taken from the event, so
 * events may come twice and in any order.
 */
export async function followMember(event: Envelope, deps: Deps): Promise<void> {
  const { user_id } = event.data;
  if (typeof user_id !== "string") return;
  await follow(event.organization_id, user_id, deps);
  if (!event.type.startsWith("user.")) return;
  const ways = deps.table.of(PLATFORM).all(userOrganizationItem, { of: { user_id } });
  for await (const { organization_id } of ways)
    if (organization_id !== event.organization_id) await follow(organization_id, user_id, deps);
}

/** One member of one organization: at most six terms taken away and six put, in one transaction. */
const follow = (tenant: string, user_id: string, { table, clock }: Deps): Promise<void> =>
  updateWithRetry(undefined, async () => {
    const own = table.of(tenant);
    // First what is there: whoever wrote it later than this read makes the transaction begin anew.
    const known = await own.get(memberTermsItem, { user_id });
    const [user, membership] = await table.batch([
      table.of(PLATFORM).read(userItem, { id: user_id }),
      own.read(membershipItem, { user_id }),
    ]);
    const here = user !== undefined && membership !== undefined && membership.status !== "removed";
    const terms = here ? memberTerms(user) : [];
    const name_key = here ? nameKeyOf(user.name) : undefined;
    const renamed = membership !== undefined && name_key !== undefined && membership.name_key !== name_key;
    if (!renamed && known !== undefined && same(known.terms, terms)) return;
    if (known === undefined && terms.length === 0) return;
    const { writes } = own;
    const before = known?.terms ?? [];
    const as_read = known === undefined ? { exists: false } : { equals: { etag: known.etag } };
    await table.transact([
      terms.length === 0
        ? writes.remove(memberTermsItem, { user_id }, as_read, lostRace)
        : writes.put(memberTermsItem, { user_id, terms, etag: newEtag(clock.now()) }, as_read, lostRace),
      ...before
        .filter((term) => !terms.includes(term))
        .map((term) => writes.remove(memberTermItem, { term, user_id }, {})),
      ...terms.map((term) => writes.put(memberTermItem, { term, user_id, terms })),
      ...(renamed
        ? [writes.replace(membershipItem, { ...membership, name_key, etag: newEtag(clock.now()) }, membership.etag)]
        : []),
    ]);
  });

const same = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((one, i) => one === b[i]);
