import * as z from "zod";
import { idSchema } from "../../../shared/ids.ts";
import { endpointSchema, statementSchema } from "../model.ts";

/** What the management plane asks: the deploy protocol (docs/gateways.md), brought by an invocation in place of a request. */
export const askedSchema = z.object({
  organization_id: idSchema("organization"),
  method: z.string(),
  /** `/health`, `/api/v1/agents/register`, … */
  path: z.string(),
  body: z.unknown().optional(),
});
export type Asked = z.output<typeof askedSchema>;

/** What it is answered. */
export interface Answered {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>> | null;
}

/** A provider of the organization as it is stored, its key sealed for the data plane. */
const providerSchema = z.looseObject({ name: z.string() });

/** Of `POST /api/v1/agents/register`; what is no part of every gateway's protocol is what is secret, and the signature. */
export const registrationSchema = z.object({
  deployment_id: idSchema("deployment"),
  kind: z.literal("agent"),
  digest: z.string(),
  bundle: z.looseObject({ format: z.literal("kaizen-studio/agent/1") }),
  sealed: z.object({
    statement: statementSchema,
    signature: z.string(),
    secret_headers: z.record(z.string(), z.record(z.string(), z.string())),
    providers: z.array(providerSchema).max(20),
  }),
});

/** Of `PUT /api/v1/endpoints/{gateway_id}/{target_id}`. */
export const toldSchema = endpointSchema;

/** Which of the protocol's requests it is, with what its path names. */
export function routed({ method, path }: Pick<Asked, "method" | "path">) {
  if (method === "GET" && path === "/health") return { name: "health" } as const;
  if (method === "POST" && path === "/api/v1/agents/register") return { name: "register" } as const;
  const [, agent] = /^\/api\/v1\/agents\/([\w-]+)$/.exec(path) ?? [];
  if (agent !== undefined && method === "GET") return { name: "describe", id: agent } as const;
  if (agent !== undefined && method === "DELETE") return { name: "unregister", id: agent } as const;
  const [, gateway_id, target_id] = /^\/api\/v1\/endpoints\/([\w-]+)\/([\w-]+)$/.exec(path) ?? [];
  if (gateway_id === undefined || target_id === undefined) return undefined;
  if (method === "PUT") return { name: "tell", gateway_id, target_id } as const;
  return method === "DELETE" ? ({ name: "forget", gateway_id, target_id } as const) : undefined;
}
