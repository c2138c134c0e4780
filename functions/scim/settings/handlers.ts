import { SMALL_CHANGE } from "../../../shared/change/commit.ts";
import { changedFields, draft } from "../../../shared/change/events.ts";
import { given, requireMatch, updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import { lostRace } from "../../../shared/dynamo/write.ts";
import type { Handler } from "../../../shared/http/call.ts";
import type { Platform } from "../../../shared/http/platform.ts";
import { newEtag } from "../../../shared/ids.ts";
import { MOST_GIVEN, reachOf, requireGivenByRule } from "../../users/public.ts";
import { scimEvents } from "../events.ts";
import type { apiOperations } from "../operations.ts";
import { type ScimSettings, settingsItem } from "../store.ts";

type Ops = typeof apiOperations;
type Deps = Pick<Platform, "table">;

/** Items at most: beside the settings, each role that the rules name. */
const LARGEST = SMALL_CHANGE + MOST_GIVEN;

/** What counts where nobody has said anything. */
const UNSET = { default_role: "viewer", group_rules: [], updated_at: null } as const;

export const getSettings: Handler<Ops["getSettings"], Deps> = async ({ caller }, { table }) => {
  const settings = await table.of(caller.organization.id).get(settingsItem, {});
  return settings ?? { ...UNSET, group_rules: [] };
};

export const updateSettings: Handler<Ops["updateSettings"], Deps> = async (call, { table }) => {
  const { caller, body, at } = call;
  const tenant = table.of(caller.organization.id);
  return updateWithRetry(call.if_match, async () => {
    const read = await tenant.get(settingsItem, {});
    if (read !== undefined) requireMatch(call.if_match, read.etag);
    const before = { default_role: read?.default_role ?? UNSET.default_role, group_rules: read?.group_rules ?? [] };
    const stamps = { reach: reachOf(caller.grants), updated_at: timestamp(at), etag: newEtag(at) };
    const next: ScimSettings = { ...before, ...given(body), ...stamps };
    const { default_role, group_rules } = next;
    const changes = changedFields(before, { default_role, group_rules });
    if (changes.length === 0) return read ?? { ...UNSET, group_rules: [] };
    // What stays counts anew with what changes: somebody's first rule puts a default into effect.
    const proofs = await requireGivenByRule(table, caller, [
      { path: "default_role", role: default_role },
      ...group_rules.map(({ role }, i) => ({ path: `group_rules.${i}.role`, role })),
    ]);
    const changed_fields = changes.map(({ field }) => field);
    const write =
      read === undefined
        ? tenant.writes.create(settingsItem, next, lostRace)
        : tenant.writes.replace(settingsItem, next, read.etag);
    return call.commit(
      {
        writes: [call.stillPermitted(), ...proofs, write],
        events: [
          draft(scimEvents, "scim.settings_updated", { id: caller.organization.id }, { changed_fields }, { changes }),
        ],
        largest: LARGEST,
      },
      next,
    );
  });
};
