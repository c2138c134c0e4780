import { updateWithRetry } from "../../../shared/change/update.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { newEtag } from "../../../shared/ids.ts";
import type { ModelDeps } from "../deps.ts";
import type { operations } from "../operations.ts";
import { providerView, withEtag } from "../providers/views.ts";
import { closedEvent, mendMark } from "./moves.ts";
import { closed } from "./rules/circuit.ts";
import { circuitItem, circuitWrite, markWrite } from "./store.ts";

/** A probe that is under way then has no effect: it was of a circuit that is gone. */
export const resetCircuit: Handler<(typeof operations)["resetCircuit"], ModelDeps> = async (call, { table }) => {
  const { at } = call;
  const { provider } = call.path;
  const tenant = table.of(call.context.tenant);
  const { stored } = await call.load();
  // One who tries takes its turn or ends it meanwhile: then it is another circuit that is reset.
  return updateWithRetry(undefined, async () => {
    const circuit = await tenant.get(circuitItem, { provider });
    const view = (now: typeof circuit) => withEtag(providerView(provider, stored, now, at), stored);
    if (circuit === undefined || circuit.state === "closed") {
      // It is called as usual already.
      await mendMark({ table: tenant, provider }, false);
      return view(circuit);
    }
    const next = { ...circuit, ...closed(circuit, at), etag: newEtag(at) };
    const writes = [circuitWrite(tenant, circuit, next), markWrite(tenant, provider, false)];
    return call.commit({ writes, events: [closedEvent(provider, "reset")] }, view(next));
  });
};
