import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import { nameSchema, pageOf, pageQuery } from "../../../shared/http/schemas.ts";
import { idSchema } from "../../../shared/ids.ts";
import { holdSchema, reasonSchema } from "./model.ts";
import { holdResource } from "./store.ts";

const path = z.object({ hold_id: idSchema("legal_hold") });

export const holdOperations = {
  placeHold: operation({
    id: "audit.place_hold",
    method: "POST",
    path: "/audit/holds",
    summary: "Place a legal hold on the audit log",
    description:
      "While one is active, nothing of the audit log ends: copies stay beyond their time (`on_hold` of each says so, some seconds later), nobody is erased from the log, and the organization cannot be deleted. Entries still leave the log at their end; what was copied before has them.",
    permission: "audit:hold",
    resource: { type: "legal_hold", create: true },
    request: { body: z.strictObject({ name: nameSchema, reason: reasonSchema }) },
    response: holdSchema,
    success: 201,
    errors: ["quota_exceeded"],
    location: "/audit/holds/{id}",
    step_up: 30,
  }),
  listHolds: operation({
    id: "audit.list_holds",
    method: "GET",
    path: "/audit/holds",
    summary: "Legal holds, newest first",
    permission: "audit:read",
    resource: { type: "legal_hold", list: true },
    request: { query: z.strictObject(pageQuery) },
    response: pageOf(holdSchema),
    success: 200,
    errors: [],
  }),
  getHold: operation({
    id: "audit.get_hold",
    method: "GET",
    path: "/audit/holds/{hold_id}",
    summary: "Read a legal hold",
    permission: "audit:read",
    resource: holdResource,
    request: { path },
    response: holdSchema,
    success: 200,
    errors: [],
  }),
  releaseHold: operation({
    id: "audit.release_hold",
    method: "POST",
    path: "/audit/holds/{hold_id}/release",
    summary: "Release a legal hold",
    description:
      "With the last active one copies end again when their locks do; those whose time has passed meanwhile go within a day or two.",
    permission: "audit:hold",
    resource: holdResource,
    request: { path, body: z.strictObject({ reason: reasonSchema }) },
    response: holdSchema,
    success: 200,
    errors: ["conflict"],
    step_up: 30,
  }),
} as const;
