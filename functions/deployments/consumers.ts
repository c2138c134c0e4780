import * as z from "zod";
import type { Envelope } from "../../shared/change/events.ts";
import type { WorkDeps } from "./deps.ts";
import { work } from "./steps/work.ts";

/** Somebody deploys, or stops: the work begins at once. Should it not, it is due. */
export async function hear({ organization_id, data }: Envelope, deps: WorkDeps): Promise<void> {
  await work({ tenant: organization_id, ref: z.string().parse(data.deployment_id) }, deps);
}
