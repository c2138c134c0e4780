import type { ApiAnswer } from "./api.ts";
import { unique } from "./api.ts";

type Caller = {
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<ApiAnswer>;
};

/** Makes a policy for everybody that denies updates of agents, but for what is told otherwise. */
export async function policyOf(caller: Caller, more: object = {}) {
  const answer = await caller.call("POST", "/policies", {
    name: unique("Policy"),
    effect: "deny",
    resource_type: "agent",
    action: "update",
    assignments: [{ type: "organization" }],
    ...more,
  });
  if (answer.status !== 201) throw new Error(`no policy: ${answer.status} ${answer.text}`);
  return answer.body;
}

/** The same, and enforces it. */
export async function activePolicy(caller: Caller, more: object = {}) {
  const { id } = await policyOf(caller, more);
  const answer = await caller.call("POST", `/policies/${id}/activate`);
  if (answer.status !== 200) throw new Error(`not active: ${answer.status} ${answer.text}`);
  return answer.body;
}
