import type { Blob } from "../../../shared/blobs/blobs.ts";
import type { ChangeContext } from "../../../shared/change/commit.ts";
import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { newId } from "../../../shared/ids.ts";
import { agentEvents } from "../events.ts";
import { agentVersionItem, type StoredAgent, type StoredVersion } from "../store.ts";

interface NewVersion {
  readonly version: StoredVersion;
  /** Creates the version; refuses when its number is taken. */
  readonly write: Write;
  /** What the agent takes over in the same transaction. */
  readonly fields: Pick<StoredAgent, "latest_version" | "versioned_definition" | "active_version">;
  readonly event: EventDraft;
}

/**
 * The next version of an agent. The caller's transaction changes the agent on the condition that its newest version
 * and its definition are as they were read: of several at once one wins, the others try again with the next number.
 */
export function nextVersion(
  table: Table,
  context: ChangeContext,
  agent: StoredAgent,
  made: {
    readonly snapshot: Blob;
    readonly changelog: string;
    readonly rolled_back_to?: number;
    /** `definition_number` of the agent once this version is made. */
    readonly definition_number: number;
    readonly active: boolean;
  },
): NewVersion {
  const { tenant, actor, at } = context;
  const number = agent.latest_version + 1;
  const version: StoredVersion = {
    id: newId("agent_version", at),
    organization_id: tenant,
    agent_id: agent.id,
    number,
    changelog: made.changelog,
    rolled_back_to: made.rolled_back_to ?? null,
    created_by: actor.id,
    created_at: timestamp(at),
    snapshot: made.snapshot,
  };
  return {
    version,
    write: table.of(tenant).writes.create(agentVersionItem, version),
    fields: {
      latest_version: number,
      versioned_definition: made.definition_number,
      active_version: made.active ? number : agent.active_version,
    },
    event: draft(
      agentEvents,
      "agent.version_created",
      { id: agent.id, name: agent.name },
      { agent_id: agent.id, number },
    ),
  };
}
