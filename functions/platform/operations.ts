import * as z from "zod";
import { type ErrorCode, errorCodes } from "../../shared/errors.ts";
import { operation } from "../../shared/http/operation.ts";
import { pageOf } from "../../shared/http/schemas.ts";
import { pageOperations } from "./pages/operations.ts";
import { scopeView } from "./reference/rules/scopes.ts";

/** What the room's `api` function answers. */
export const apiOperations = {
  root: operation({
    id: "platform.root",
    method: "GET",
    path: "/",
    summary: "Where things are",
    permission: "public",
    request: {},
    response: z.object({
      name: z.string(),
      version: z.string(),
      docs: z.string().meta({ description: "Path of this reference." }),
      openapi: z.string().meta({ description: "Path of the OpenAPI document." }),
    }),
    success: 200,
    errors: [],
  }),
  health: operation({
    id: "platform.health",
    method: "GET",
    path: "/health",
    summary: "Whether the API and its table answer",
    permission: "public",
    request: {},
    response: z.object({ status: z.literal("ok"), version: z.string() }),
    success: 200,
    errors: [],
  }),
} as const;

const HTML = "text/html; charset=utf-8";
const page = { method: "GET", permission: "public", response: "file", success: 200, served_by: "docs" } as const;

/** What the room's `docs` function answers: pages and files for people and for tools. */
export const docsOperations = {
  reference: operation({
    ...page,
    id: "platform.reference",
    path: "/docs",
    root: true,
    summary: "This reference, as a page",
    request: {},
    media_types: [HTML],
    errors: [],
  }),
  referenceUnderApi: operation({
    ...page,
    id: "platform.reference_under_api",
    path: "/docs",
    summary: "This reference, as a page",
    request: {},
    media_types: [HTML],
    errors: [],
  }),
  referenceFile: operation({
    ...page,
    id: "platform.reference_file",
    path: "/docs/files/{file}",
    root: true,
    summary: "A script of the reference page",
    request: { path: z.object({ file: z.string().max(100) }) },
    media_types: ["text/javascript; charset=utf-8"],
    errors: [],
  }),
  openApi: operation({
    ...page,
    id: "platform.openapi",
    path: "/openapi.json",
    summary: "The OpenAPI document of this API",
    request: {},
    media_types: ["application/json"],
    errors: [],
  }),
  listScopes: operation({
    id: "api_keys.list_scopes",
    method: "GET",
    path: "/api-keys/scopes",
    summary: "What API keys can be allowed",
    description:
      "Each permission that opens something to a key, with the operations that it opens. A scope can also be `resource:*`, `*:action` or `*`.",
    permission: "public",
    request: {},
    response: pageOf(scopeView),
    success: 200,
    served_by: "docs",
    errors: [],
  }),
  errorPage: operation({
    ...page,
    id: "platform.error",
    path: "/errors/{code}",
    summary: "What an error code means and what to do about it",
    description: "The `type` of a problem document leads here.",
    request: { path: z.object({ code: z.enum(Object.keys(errorCodes) as [ErrorCode]) }) },
    media_types: [HTML],
    errors: [],
  }),
  ...pageOperations,
} as const;

export const operations = { ...apiOperations, ...docsOperations } as const;
