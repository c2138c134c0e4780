import type { Envelope } from "../../shared/change/events.ts";
import type { Table } from "../../shared/dynamo/table.ts";
import { organizationItem } from "../../shared/identity/items.ts";
import type { Log } from "../../shared/observability/log.ts";
import type { Taken } from "./contexts/extraction/rules/failures.ts";
import { type FetchTextDeps, fetchText } from "./contexts/fetch.ts";
import { type OutcomeDeps, storeOutcome } from "./contexts/outcome.ts";
import { agentEvents } from "./events.ts";
import { agentContextItem, type StoredContext } from "./store.ts";

/** What every consumer about contexts is given. */
export interface ContextDeps extends OutcomeDeps {
  readonly table: Table;
  readonly log: Log;
}

export type FetchDeps = ContextDeps & FetchTextDeps;

/** Nothing is called or read for an organization that is suspended or deleted. */
const suspended = (message: string): Taken => ({ ok: false, code: "organization_suspended", message });

/** What an event asks for: the work on a context, named by the attempt that the context waits for. */
interface Wanted {
  readonly agent_id: string;
  readonly context_id: string;
  readonly attempt: string;
}

/** The context, if it still waits for this attempt, and whether its organization is active. */
async function waiting(event: Envelope, { agent_id, context_id, attempt }: Wanted, deps: ContextDeps) {
  const table = deps.table.of(event.organization_id);
  const context = await table.get(agentContextItem, { agent_id, id: context_id });
  if (context?.attempt !== attempt) return undefined;
  const organization = await table.get(organizationItem, {});
  return { context, active: organization?.status === "active" };
}

/**
 * Fetches the address of a context when its event asks for it, and stores the text or why there is none. An event that
 * comes twice, or after a newer fetch was asked for, changes nothing: the context names the attempt it waits for.
 */
export async function fetchContext(event: Envelope, deps: FetchDeps): Promise<void> {
  const { agent_id, context_id, fetch: attempt } = agentEvents["agent.context_changed"].data.parse(event.data);
  if (attempt === null) return;
  const found = await waiting(event, { agent_id, context_id, attempt }, deps);
  if (found?.context.url == null) return;
  const fetched = found.active
    ? await fetchText(found.context.url, deps)
    : suspended("The organization was suspended before the address was fetched. Fetch it again.");
  deps.log.info("context.fetched", { agent_id, context_id, ok: fetched.ok });
  await storeOutcome(event, found.context, fetched, { ok: "fetched", failed: "fetch_failed" }, deps);
}

export interface ExtractDeps extends ContextDeps {
  /** Takes the text out of an uploaded file. */
  readonly textOf: (tenant: string, context: StoredContext) => Promise<Taken>;
  /** The upload is not needed any more. */
  readonly forget: (tenant: string, context: StoredContext) => Promise<void>;
}

/** Takes the text out of a file that was uploaded, and stores it or why there is none; as often as the event comes, once. */
export async function extractContext(event: Envelope, deps: ExtractDeps): Promise<void> {
  const { agent_id, context_id, upload: attempt } = agentEvents["agent.context_uploaded"].data.parse(event.data);
  const tenant = event.organization_id;
  const found = await waiting(event, { agent_id, context_id, attempt }, deps);
  if (found?.context.status !== "processing") return;
  const taken = found.active
    ? await deps.textOf(tenant, found.context)
    : suspended("The organization was suspended before the file was read. Upload it again.");
  deps.log.info("context.extracted", { agent_id, context_id, ok: taken.ok, ...(taken.ok ? {} : { code: taken.code }) });
  await storeOutcome(event, found.context, taken, { ok: "extracted", failed: "extract_failed" }, deps);
  await deps.forget(tenant, found.context);
}
