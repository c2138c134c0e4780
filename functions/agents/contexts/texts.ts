import type { Blob, Blobs } from "../../../shared/blobs/blobs.ts";
import { versionFiles } from "../../../shared/blobs/purposes.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { refuseArchived } from "../definition/changes.ts";
import { agentItem, CONTEXT_INLINE_BYTES } from "../store.ts";

/**
 * Keeps the text of a context. Before a long one becomes a file, its agent is looked at: what is refused afterwards would
 * leave a file behind that nothing removes, of an agent that is not there or is just being erased.
 * @throws Problem `not_found`, `conflict` for an archived agent
 */
export async function storeText(
  { blobs }: { readonly blobs: Pick<Blobs, "store"> },
  table: TenantTable,
  agent_id: string,
  text: string,
): Promise<Blob> {
  if (Buffer.byteLength(text) > CONTEXT_INLINE_BYTES) refuseArchived(await table.get(agentItem, { id: agent_id }));
  return blobs.store(versionFiles(table.tenant, agent_id), text, CONTEXT_INLINE_BYTES);
}
