import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import { pageOf, pageQuery } from "../../../shared/http/schemas.ts";
import { idSchema } from "../../../shared/ids.ts";
import { COPY_FILE, copySchema } from "./model.ts";
import { copyResource } from "./store.ts";

const path = z.object({ copy_id: idSchema("audit_copy") });

export const copyOperations = {
  listCopies: operation({
    id: "audit.list_copies",
    method: "GET",
    path: "/audit/copies",
    summary: "Locked copies of the audit log, newest first",
    description:
      "Every hour what was logged since is written into files that nobody can change or remove before the entries in them end (S3 Object Lock), one for each class of retention.",
    permission: "audit:read",
    resource: { type: "audit_copy", list: true },
    request: { query: z.strictObject(pageQuery) },
    response: pageOf(copySchema),
    success: 200,
    errors: [],
  }),
  getCopy: operation({
    id: "audit.get_copy",
    method: "GET",
    path: "/audit/copies/{copy_id}",
    summary: "Read about a copy of the audit log",
    permission: "audit:read",
    resource: copyResource,
    request: { path },
    response: copySchema,
    success: 200,
    errors: [],
  }),
} as const;

export const copyStreamOperations = {
  downloadCopy: operation({
    id: "audit.download_copy",
    method: "GET",
    path: "/audit/copies/{copy_id}/file",
    summary: "Download a copy of the audit log",
    description:
      "JSON Lines as of an export: `npm run audit:verify` checks them. What is about a person is encrypted in the copy under a key of that person, and shown here as long as they are not erased. The download is itself an audit entry.",
    permission: "audit:export",
    resource: copyResource,
    request: { path },
    response: "file",
    media_types: [COPY_FILE.content_type],
    success: 200,
    errors: ["quota_exceeded"],
    rate_class: "export",
    served_by: "stream",
  }),
} as const;
