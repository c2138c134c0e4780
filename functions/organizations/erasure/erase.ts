import type { Files } from "../../../shared/blobs/files.ts";
import { type ChangeContext, commitChange, systemContext } from "../../../shared/change/commit.ts";
import { draft } from "../../../shared/change/events.ts";
import { addSeconds, type Clock, timestamp } from "../../../shared/clock.ts";
import type { Due } from "../../../shared/due/item.ts";
import { type DueWork, PutOff } from "../../../shared/due/work.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import { type Organization, organizationItem, PLATFORM, slugItem } from "../../../shared/identity/items.ts";
import { ownersOf } from "../../../shared/identity/owners.ts";
import { newEtag } from "../../../shared/ids.ts";
import { type CountedResource, quotaItem } from "../../../shared/limits/quota.ts";
import { retentionOf } from "../../../shared/limits/retention.ts";
import { organizationEvents } from "../events.ts";
import { founderItem, replaceOrganization, slugReservedUntil } from "../store.ts";
import type { Certify } from "./certificate.ts";
import { eraseFiles } from "./files.ts";
import { eraseSegment } from "./items.ts";
import { erasureStates, QUIET_SECONDS, SEGMENTS, statementOf, sum } from "./model.ts";
import { type Erasure, erasureItem, erasureSegmentItem, organizationErasure } from "./store.ts";

export interface EraseDeps {
  readonly table: Table;
  readonly clock: Clock;
  readonly files: Pick<Files, "page" | "removeKeys">;
  readonly certify: Certify;
  /** Begins a call's work; what it gives says whether there is time for more, or the rest is left to the next call. */
  readonly budget: () => () => boolean;
}

/** Somebody restored it, or another worker was at it, at this moment: looked at again after this. */
const RACED_SECONDS = 60;

/** They are taken apart before: people's own records name what would be erased here. */
const SIGN_IN_PROVIDERS: CountedResource = "sso_connections";

/** Who may read the certificate; organizations have few owners. */
const MOST_OWNERS = 100;

/**
 * `organization_erasure`: erases a deleted organization that nobody has restored in time: claimed, left alone until
 * nothing of before is under way, then its files, its items, and last itself with the certificate. Each step is bounded,
 * and whoever comes after a crash goes on where the last transaction stands.
 * @returns when to go on
 */
export async function eraseOrganization({ tenant: id }: Due, deps: EraseDeps): ReturnType<DueWork> {
  const { table, clock } = deps;
  const [organization, erasure, providers] = await table.batch([
    table.of(id).read(organizationItem, {}),
    table.of(PLATFORM).read(erasureItem, { organization_id: id }),
    table.of(id).read(quotaItem, { resource: SIGN_IN_PROVIDERS }),
  ]);
  const at = clock.now();
  if (organization?.status === "deleted" && organization.deletion !== null) {
    const time = new Date(organization.deletion.erase_at);
    return time > at ? time : raced(() => claim(table, organization, at), addSeconds(at, QUIET_SECONDS), at);
  }
  if (organization?.status !== "erasing" || erasure === undefined) return undefined;
  const begins = addSeconds(new Date(erasure.claimed_at), QUIET_SECONDS);
  if (begins > at) return begins;
  if ((providers?.used ?? 0) > 0) return new PutOff(addSeconds(at, RACED_SECONDS));
  const more = deps.budget();
  const parts = Array.from({ length: SEGMENTS }, (_, segment) => segment);
  return raced(
    async () => {
      if (!(await eraseFiles(table, deps.files, erasure, more))) return at;
      const done = await Promise.all(parts.map((segment) => eraseSegment(table, id, segment, more)));
      if (done.includes(false)) return at;
      await finish(organization, deps);
      return undefined;
    },
    undefined,
    at,
  );
}

/** What another worker does at the same moment is no fault; it is looked at again. */
async function raced(work: () => Promise<Date | undefined>, then: Date | undefined, at: Date) {
  try {
    return (await work()) ?? then;
  } catch (error) {
    if (!(error instanceof Problem) || error.status >= 500) throw error;
    return new PutOff(addSeconds(at, RACED_SECONDS));
  }
}

const contextOf = (organization: Organization, at: Date): ChangeContext =>
  systemContext(organization.id, organizationErasure.kind, at, retentionOf(organization).audit_days);

async function claim(table: Table, read: Organization, at: Date): Promise<undefined> {
  const own = table.of(read.id);
  const owners: string[] = [];
  for await (const user_id of ownersOf(own)) if (owners.push(user_id) === MOST_OWNERS) break;
  const erasure: Erasure = {
    organization_id: read.id,
    status: "erasing",
    claimed_at: timestamp(at),
    completed_at: null,
    certificate: null,
    owner_ids: owners,
    files: 0,
    counted_to: "",
  };
  const next: Organization = { ...read, status: "erasing", updated_at: timestamp(at), etag: newEtag(at) };
  const { id, name } = read;
  await commitChange(table, contextOf(read, at), {
    writes: [...replaceOrganization(table, read, next, at), table.of(PLATFORM).writes.create(erasureItem, erasure)],
    events: [draft(organizationEvents, "organization.erasure_begun", { id, name }, { organization_id: id, name })],
  });
  return undefined;
}

async function finish(organization: Organization, { table, clock, certify }: EraseDeps): Promise<void> {
  const { id, name, slug, created_at, created_by, deletion } = organization;
  const platform = table.of(PLATFORM);
  const erasure = await platform.get(erasureItem, { organization_id: id });
  if (erasure?.status !== "erasing") return;
  const segments = [];
  for await (const segment of platform.all(erasureSegmentItem, { of: { organization_id: id } })) segments.push(segment);
  const at = clock.now();
  const completed_at = timestamp(at);
  const statement = statementOf({
    organization: { id, name, slug, created_at },
    deleted_at: deletion?.at ?? erasure.claimed_at,
    claimed_at: erasure.claimed_at,
    completed_at,
    items: sum({ organization: 1 }, ...segments.map(({ items }) => items)),
    files: erasure.files,
    kept: sum(...segments.map(({ kept }) => kept)),
    kept_until:
      segments
        .flatMap(({ kept_until }) => kept_until ?? [])
        .sort()
        .at(-1) ?? null,
  });
  const certificate = await certify(statement);
  await commitChange(table, contextOf(organization, at), {
    writes: [
      platform.writes.update(
        erasureItem,
        { organization_id: id },
        { set: { status: "erased", completed_at, certificate } },
        { one_of: { status: erasureStates.from("erased") } },
        (old) => erasureStates.refusal(old?.status ?? "erased", "erased"),
      ),
      ...segments.map(({ segment }) =>
        platform.writes.remove(erasureSegmentItem, { organization_id: id, segment }, {}),
      ),
      table.of(id).writes.remove(organizationItem, {}, { equals: { status: "erasing" } }),
      platform.writes.put(slugItem, { slug, organization_id: id, reserved_until: slugReservedUntil(at) }),
      // The founder may found another one in its place.
      platform.writes.update(
        founderItem,
        { user_id: created_by },
        { set: { user_id: created_by }, add: { organizations: -1 } },
        {},
      ),
    ],
    events: [
      draft(organizationEvents, "organization.erased", { id }, { organization_id: id, sha256: certificate.sha256 }),
    ],
  });
}
