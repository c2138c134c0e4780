import { decide } from "../../../../shared/access/decide.ts";
import { type Confines, isConfined, type Place, reaches } from "../../../../shared/access/keys/confines.ts";
import type { Grant } from "../../../../shared/access/permissions.ts";
import { isUsable } from "../../../agents/model.ts";
import { type Denial, isLive, type RunRecord } from "../../model.ts";

/** What decides whether a run may still act; undefined for what is not there any more. */
export interface Standing {
  readonly organization: { readonly status: string } | undefined;
  /** null where the starter is no user. */
  readonly starter: {
    readonly user: { readonly status: string } | undefined;
    readonly membership: { readonly status: string } | undefined;
  } | null;
  /** The API key that started it; null where none did. */
  readonly key: (Confines & { readonly status: string }) | undefined | null;
  /** What the starter's role grants now, as far as the key's scopes go. */
  readonly grants: readonly Grant[];
  /** The run that this one is within; null of one that is within none. */
  readonly parent: { readonly status: RunRecord["status"] } | undefined | null;
  /** null where the step runs no agent. */
  readonly agent:
    | { readonly id: string; readonly status: string; readonly workspace_ids: readonly string[] }
    | undefined
    | null;
  /** What is run; null where no key has started it, since it is asked of keys only. */
  readonly target: Pick<Place, "workspace_ids"> | undefined | null;
}

export interface Denied {
  readonly code: Denial;
  readonly message: string;
}

/** Why nothing goes on in an organization that is not active. */
export const organizationStopped = (organization: Standing["organization"]): Denied => ({
  code: "organization_suspended",
  message: `The organization is ${organization?.status === "suspended" ? "suspended" : "deleted"}.`,
});

/** Why nothing is done by an agent that is archived, or gone. */
export const agentArchived: Denied = { code: "agent_archived", message: "The agent is archived." };

/** Why a run may not take a step with an effect outside: the first reason that holds. */
export function denied(
  kind: RunRecord["kind"],
  { organization, starter, key, grants, parent, agent, target }: Standing,
): Denied | undefined {
  if (organization?.status !== "active") return organizationStopped(organization);
  // One that is over was good when it started the run; one that was revoked is trusted no more.
  if (key !== null && (key === undefined || key.status === "revoked")) {
    return { code: "starter_removed", message: "The API key that started the run was revoked." };
  }
  // What is run is looked at as it is by now, and so is the agent of a step: a graph may name one of another workspace.
  const things = agent === null ? [target] : [target, agent];
  if (key !== null && isConfined(key) && !things.every((thing) => thing != null && reaches(key, thing)))
    return {
      code: "starter_not_permitted",
      message: "The API key that started the run is confined, and this is outside of it.",
    };
  if (starter !== null) {
    if (starter.user?.status !== "active" || starter.membership?.status !== "active") {
      return { code: "starter_removed", message: "Who started the run is no active member any more." };
    }
    // What runs within a pipeline's run is that one's work.
    const permission = kind === "pipeline" || parent !== null ? "pipelines:execute" : "agents:execute";
    if (!decide(grants, permission).allowed) {
      return { code: "starter_not_permitted", message: `Who started the run has lost the permission ${permission}.` };
    }
  }
  if (parent !== null && (parent === undefined || !isLive(parent.status))) {
    return { code: "parent_ended", message: "The run that it belongs to has ended." };
  }
  return agent !== null && (agent === undefined || !isUsable(agent)) ? agentArchived : undefined;
}
