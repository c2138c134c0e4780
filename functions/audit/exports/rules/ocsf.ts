import type { AuditEntry } from "../../../../shared/change/items.ts";

/** The version of the Open Cybersecurity Schema Framework that events are written by. */
export const OCSF_VERSION = "1.3.0";

/** Category "Application Activity", class "API Activity". */
const CATEGORY = 6;
const CLASS = 6003;

const CREATE = 1;
const READ = 2;
const UPDATE = 3;
const DELETE = 4;
const OTHER = 99;

/** What an action does, where its word says so: `agent.created` creates. Everything else goes by its own word. */
const activities: Readonly<Record<string, number>> = {
  created: CREATE,
  registered: CREATE,
  version_created: CREATE,
  exported: READ,
  updated: UPDATE,
  settings_updated: UPDATE,
  role_changed: UPDATE,
  deleted: DELETE,
  removed: DELETE,
  purged: DELETE,
};

const userTypes = { user: 1, system: 3 } as const;
const accountType = (type: string): number => (type === "user" || type === "system" ? userTypes[type] : OTHER);

/**
 * An entry as an event of OCSF 1.3.0, class API Activity (6003), for tools that read that. Changes stand under `unmapped`: the
 * class has no place for them. What happened outside a request comes from this service itself.
 * @param sequence its number in the organization's log
 * @see https://schema.ocsf.io/1.3.0/classes/api_activity
 */
export function ocsfEvent(entry: AuditEntry, sequence?: number) {
  const { id, organization_id, occurred_at, actor, action, resource, outcome, request, changes, reason } = entry;
  const word = action.slice(action.indexOf(".") + 1);
  const activity_id = Object.hasOwn(activities, word) ? (activities[word] ?? OTHER) : OTHER;
  const succeeded = outcome === "succeeded";
  return {
    category_uid: CATEGORY,
    class_uid: CLASS,
    activity_id,
    activity_name: word,
    type_uid: CLASS * 100 + activity_id,
    time: Date.parse(occurred_at),
    severity_id: succeeded ? 1 : 2,
    status_id: succeeded ? 1 : 2,
    status: succeeded ? "Success" : "Failure",
    status_code: outcome,
    ...(reason === null ? {} : { status_detail: reason }),
    metadata: {
      version: OCSF_VERSION,
      uid: id,
      ...(sequence === undefined ? {} : { sequence }),
      log_name: "audit",
      product: { name: "Kaizen Studio", vendor_name: "Kaizen Studio" },
    },
    actor: {
      user: {
        uid: actor.id,
        type: actor.type,
        type_id: accountType(actor.type),
        org: { uid: organization_id },
      },
    },
    api: {
      operation: action,
      service: { name: "Kaizen Studio" },
      ...(request === null ? {} : { request: { uid: request.id } }),
    },
    src_endpoint: request === null ? { svc_name: "kaizen-studio" } : { ip: request.ip },
    ...(request === null
      ? {}
      : {
          http_request: {
            uid: request.id,
            http_method: request.method,
            user_agent: request.user_agent,
            url: { path: request.path },
          },
        }),
    resources: [
      { uid: resource.id, type: resource.type, ...(resource.name === undefined ? {} : { name: resource.name }) },
    ],
    unmapped: { changes, ...("on_behalf_of" in actor ? { on_behalf_of: actor.on_behalf_of } : {}) },
  };
}
