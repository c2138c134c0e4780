import { operation } from "../../../shared/http/operation.ts";
import { policyPath, policyResource } from "../store.ts";
import { readsThings } from "../trials/resources.ts";
import { replaySchema, replayView } from "./model.ts";

export const replayOperations = {
  replay: operation({
    id: "policies.replay",
    method: "POST",
    path: "/policies/{policy_id}/replay",
    summary: "Replay what was asked against a policy",
    description:
      "Decides the requests of the audit log anew: by the policies that are active now, and by the same with this one as if it were. The log has what was changed, exported or refused; what was only read is not in it. Time, address, user agent and operation are as they were; members, keys and things are as they are now, and what was sent is not kept. Nothing is changed.",
    permission: "policies:evaluate",
    besides: ["audit:read", "users:read", ...readsThings],
    resource: policyResource,
    request: { path: policyPath, body: replaySchema },
    response: replayView,
    success: 200,
    errors: ["forbidden", "reference_not_found"],
    rate_class: "read",
  }),
} as const;
