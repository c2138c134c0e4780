import * as z from "zod";
import { principalTextSchema } from "../../shared/access/principal.ts";
import { outcomeSchema } from "../../shared/change/events.ts";
import { operation } from "../../shared/http/operation.ts";
import { pageOf, pageQuery } from "../../shared/http/schemas.ts";
import { timeRangeQuery } from "../../shared/http/time-range.ts";
import { idSchema } from "../../shared/ids.ts";
import { copyOperations, copyStreamOperations } from "./copies/operations.ts";
import { holdOperations } from "./holds/operations.ts";
import { entrySchema, exportFiles, exportFormatSchema } from "./model.ts";
import { personOperations } from "./persons/operations.ts";
import { anyMemberResource, entryResource } from "./store.ts";
import { auditStreamOperations } from "./streams/operations.ts";
import { treeOperations } from "./tree/operations.ts";

const resourceType = z.string().regex(/^[a-z_]{1,40}$/, "must be a type like agent");
const resourceId = z.string().min(1).max(200);
const listed = pageOf(entrySchema);

export const apiOperations = {
  list: operation({
    id: "audit.list",
    method: "GET",
    path: "/audit/logs",
    summary: "Audit entries, newest first",
    description:
      "At most one of actor, resource and action, with any range of time, and with an outcome and a name. A page may be short, or empty, and still name a next one.",
    permission: "audit:read",
    resource: { type: "audit_entry", list: true },
    request: {
      query: z.strictObject({
        ...pageQuery,
        ...timeRangeQuery,
        actor: principalTextSchema.optional(),
        resource_type: resourceType.optional(),
        resource_id: resourceId.optional(),
        action: z
          .string()
          .regex(/^[a-z_]{1,40}\.[a-z_]{1,60}$/, "must be an action like agent.created")
          .optional(),
        outcome: outcomeSchema.optional(),
        name: z.string().min(2).max(100).optional().meta({
          description: "Part of the name of what the entry is about; accents and capitals do not matter.",
        }),
      }),
    },
    response: listed,
    success: 200,
    errors: [],
  }),
  get: operation({
    id: "audit.get",
    method: "GET",
    path: "/audit/logs/{audit_id}",
    summary: "Read an audit entry",
    permission: "audit:read",
    resource: entryResource,
    request: { path: z.object({ audit_id: idSchema("audit") }) },
    response: entrySchema,
    success: 200,
    errors: [],
  }),
  listOfUser: operation({
    id: "audit.list_of_user",
    method: "GET",
    path: "/audit/users/{user_id}",
    summary: "What a member did, newest first",
    permission: "audit:read",
    resource: anyMemberResource,
    request: {
      path: z.object({ user_id: idSchema("user") }),
      query: z.strictObject({ ...pageQuery, ...timeRangeQuery }),
    },
    response: listed,
    success: 200,
    errors: [],
  }),
  listOfResource: operation({
    id: "audit.list_of_resource",
    method: "GET",
    path: "/audit/resources/{resource_type}/{resource_id}",
    summary: "What happened to a resource, newest first",
    description: "Also for one that has been deleted. A resource without any entry is not known (404).",
    permission: "audit:read",
    resource: { type: "audit_entry", list: true },
    request: {
      path: z.object({ resource_type: resourceType, resource_id: resourceId }),
      query: z.strictObject({ ...pageQuery, ...timeRangeQuery }),
    },
    response: listed,
    success: 200,
    errors: [],
  }),
  ...treeOperations,
  ...personOperations,
  ...copyOperations,
  ...holdOperations,
} as const;

export const streamOperations = {
  exportLogs: operation({
    id: "audit.export",
    method: "GET",
    path: "/audit/export",
    summary: "Download audit entries, oldest first",
    description:
      "JSON Lines, CSV (RFC 4180 in UTF-8 with a byte order mark and a header; cells that a spreadsheet would take for a formula begin with an apostrophe), or events of OCSF 1.3.0 (class API Activity, 6003), one a line. The export is itself an audit entry. JSON Lines carry what proves them: each entry with its number and its leaf's hash, what has expired as its bare leaf, and signed heads; `npm run audit:verify` checks them without us (docs/audit.md).",
    permission: "audit:export",
    resource: { type: "audit_entry", list: true },
    request: { query: z.strictObject({ ...timeRangeQuery, format: exportFormatSchema.default("jsonl") }) },
    response: "file",
    media_types: [exportFiles.jsonl.content_type, exportFiles.csv.content_type],
    success: 200,
    errors: ["quota_exceeded"],
    rate_class: "export",
    served_by: "stream",
  }),
  ...copyStreamOperations,
} as const;

export const operations = { ...apiOperations, ...streamOperations, ...auditStreamOperations } as const;
