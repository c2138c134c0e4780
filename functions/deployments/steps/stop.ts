import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Gateway } from "../../gateways/model.ts";
import { gatewayItem } from "../../gateways/public.ts";
import type { WorkDeps } from "../deps.ts";
import { leave } from "../endpoints/serve.ts";
import { register, unregister } from "../protocol/client.ts";
import { type FailureCode, failure, MOST_STOP_TRIES, PASSING, pauseAfter } from "../rules/failures.ts";
import type { StoredDeployment } from "../store.ts";
import { failed, stopFailed, stopped } from "./changes.ts";
import { again, packedOf } from "./start.ts";
import type { Apply } from "./work.ts";

type Gone = { readonly ok: true } | { readonly ok: false; readonly code: FailureCode };

/** Has the gateway take it away. That it could not be verified is what it ends with, once nothing of it is left there. */
export async function stopStep(
  tenant: TenantTable,
  read: StoredDeployment,
  apply: Apply,
  deps: WorkDeps,
): Promise<StoredDeployment | undefined> {
  const gone = await takenAway(tenant, read, deps);
  const at = deps.clock.now();
  if (gone.ok) {
    const { stop_reason, error } = read;
    return apply(
      stop_reason === "failed" && error !== null ? failed(tenant, read, error, at) : stopped(tenant, read, at),
    );
  }
  const attempts = read.attempts + 1;
  const pause = PASSING.has(gone.code) ? pauseAfter(attempts, MOST_STOP_TRIES) : undefined;
  const { message } = failure(gone.code);
  if (pause === undefined) return apply(stopFailed(tenant, read, failure(gone.code), at));
  return again(tenant, read, { attempts, pause, message }, apply, at);
}

/** Whether nothing of it is left at the gateway. */
async function takenAway(tenant: TenantTable, read: StoredDeployment, deps: WorkDeps): Promise<Gone> {
  // Nothing was sent yet.
  if (read.digest === null) return { ok: true };
  const gateway = await tenant.get(gatewayItem, { id: read.gateway_id });
  if (gateway === undefined) return { ok: false, code: "gateway_gone" };
  if (gateway.kind === "built_in") {
    const left = await leave(tenant, gateway, read, deps);
    if (!left.ok) return left;
  }
  const registration = read.registration_id ?? (await registrationOf(tenant, gateway, read, deps));
  return typeof registration === "string" ? unregister(gateway, registration, deps) : registration;
}

/**
 * A registration of which no answer came: whoever asks for it again, by the same key, is told which one it is. What the gateway
 * refuses then it had refused before.
 */
async function registrationOf(
  tenant: TenantTable,
  gateway: Gateway,
  read: StoredDeployment,
  deps: WorkDeps,
): Promise<string | Gone> {
  // The data plane knows a deployment by its own id.
  if (gateway.kind === "built_in") return read.id;
  const packed = await packedOf(tenant, read, gateway, deps);
  if (typeof packed === "string") return { ok: false, code: packed };
  const answer = await register(gateway, read, packed, undefined, deps);
  if (answer.ok) return answer.id;
  return answer.code === "gateway_refused" ? { ok: true } : answer;
}
