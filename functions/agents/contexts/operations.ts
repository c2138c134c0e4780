import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import { nameSchema, pageOf, pageQuery } from "../../../shared/http/schemas.ts";
import { idSchema } from "../../../shared/ids.ts";
import { isTextMediaType } from "../../../shared/outbound/text.ts";
import { agentLimits, agentPath, contextSchema } from "../model.ts";
import { agentResource, contextResource } from "../resources.ts";
import { formatOf } from "./extraction/rules/formats.ts";
import { contextCommon, contextText, contextUrl, textContext, urlContext } from "./rules/sent.ts";

const path = agentPath.extend({ context_id: idSchema("agent_context") });

const file = z.strictObject({
  filename: z
    .string()
    .min(1)
    .max(255)
    .regex(/^[^\p{Cc}/\\]+$/u, "must be a file name without a path"),
  media_type: z
    .string()
    .max(200)
    .toLowerCase()
    .refine(
      (media_type) => isTextMediaType(media_type) || formatOf(media_type) !== undefined,
      "is not a format that text can be taken from: send text/*, JSON, CSV, Markdown, HTML, PDF, docx, xlsx or pptx",
    )
    .meta({
      description:
        "What the file is: text (text/*, JSON, CSV, Markdown), HTML, PDF, or a Word, Excel or PowerPoint file (docx, xlsx, pptx).",
    }),
  size_bytes: z.int().min(1).max(agentLimits.file_bytes),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, "must be 64 lower-case hexadecimal digits")
    .optional()
    .meta({ description: "Checked when the upload is completed." }),
});

const createBody = z.discriminatedUnion("content_type", [
  textContext,
  z.strictObject({ ...contextCommon, content_type: z.literal("file"), file }),
  urlContext,
]);

const updateBody = z
  .strictObject({ name: nameSchema, is_active: z.boolean(), content: contextText, url: contextUrl })
  .partial()
  .refine((body) => Object.keys(body).length > 0, "names nothing to change");

const uploadSchema = z
  .object({
    url: z.string(),
    method: z.literal("PUT"),
    headers: z.record(z.string(), z.string()),
    expires_at: z.string(),
  })
  .meta({ id: "Upload", description: "Where to send a file, with exactly these headers." });

const contentView = contextSchema.extend({
  content: z.string().nullable().meta({ description: "The text that the agent is given; null until there is one." }),
});
const uploadView = contextSchema.extend({ upload: uploadSchema.nullable() });

export const contextOperations = {
  listContexts: operation({
    id: "agents.list_contexts",
    method: "GET",
    path: "/agents/{agent_id}/contexts",
    summary: "List an agent's contexts",
    permission: "agents:read",
    resource: agentResource,
    request: { path: agentPath, query: z.strictObject(pageQuery) },
    response: pageOf(contextSchema),
    success: 200,
    errors: [],
  }),
  createContext: operation({
    id: "agents.create_context",
    method: "POST",
    path: "/agents/{agent_id}/contexts",
    summary: "Add a context",
    description:
      "A text is ready at once. For a file the answer holds an address to upload it to; complete the upload afterwards. An address is fetched soon; it may have a page, a text, a PDF or an Office file.",
    permission: "agents:update",
    resource: agentResource,
    request: { path: agentPath, body: createBody },
    response: uploadView,
    success: 201,
    errors: ["quota_exceeded", "conflict", "unsafe_url"],
    sensitive: true,
  }),
  getContext: operation({
    id: "agents.get_context",
    method: "GET",
    path: "/agents/{agent_id}/contexts/{context_id}",
    summary: "Read a context with its text",
    permission: "agents:read",
    resource: contextResource,
    request: { path },
    response: contentView,
    success: 200,
    errors: [],
  }),
  updateContext: operation({
    id: "agents.update_context",
    method: "PATCH",
    path: "/agents/{agent_id}/contexts/{context_id}",
    summary: "Change a context",
    description: "`content` is for a text, `url` for an address, which is then fetched again.",
    permission: "agents:update",
    resource: contextResource,
    request: { path, body: updateBody },
    response: contextSchema,
    success: 200,
    errors: ["conflict", "unsafe_url", "precondition_failed"],
  }),
  removeContext: operation({
    id: "agents.delete_context",
    method: "DELETE",
    path: "/agents/{agent_id}/contexts/{context_id}",
    summary: "Remove a context",
    description: "Versions that hold it keep it.",
    permission: "agents:update",
    resource: contextResource,
    request: { path },
    response: "none",
    success: 204,
    errors: ["conflict", "precondition_failed"],
  }),
  uploadContext: operation({
    id: "agents.upload_context",
    method: "POST",
    path: "/agents/{agent_id}/contexts/{context_id}/upload",
    summary: "Ask for a new address to upload a file context to",
    description:
      "For an upload that has expired, or to replace the file. The text stays until the upload is completed.",
    permission: "agents:update",
    resource: contextResource,
    request: { path, body: file },
    response: uploadView,
    success: 201,
    location: "/agents/{agent_id}/contexts/{id}",
    errors: ["quota_exceeded", "conflict", "precondition_failed"],
    sensitive: true,
  }),
  completeContext: operation({
    id: "agents.complete_context",
    method: "POST",
    path: "/agents/{agent_id}/contexts/{context_id}/complete",
    summary: "Complete the upload of a file context",
    description:
      "Checks the uploaded file against what was declared. A file of text is `ready` at once. The text of a PDF, a Word, Excel or PowerPoint file or an HTML page is taken from it afterwards: the context is `processing`, then `ready` or `failed`. Pages, slides and sheets begin with marks like `[page 3]`.",
    permission: "agents:update",
    resource: contextResource,
    request: { path },
    response: contextSchema,
    success: 200,
    errors: ["conflict", "upload_incomplete", "precondition_failed"],
  }),
  refreshContext: operation({
    id: "agents.refresh_context",
    method: "POST",
    path: "/agents/{agent_id}/contexts/{context_id}/refresh",
    summary: "Fetch the address of a context again",
    permission: "agents:update",
    resource: contextResource,
    request: { path },
    response: contextSchema,
    success: 202,
    location: "/agents/{agent_id}/contexts/{id}",
    errors: ["conflict", "precondition_failed"],
  }),
} as const;
