import { notFound } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { SCIM_BASE } from "../model.ts";
import type { directoryOperations } from "../operations.ts";
import { listResponse } from "../protocol/lists.ts";
import { ScimError } from "../rules/error.ts";
import { resourceTypes, schemaDocuments, serviceProviderConfig } from "../rules/schemas.ts";

type Ops = typeof directoryOperations;

interface Asked {
  readonly origin: string;
  readonly query: Readonly<Record<string, unknown>>;
}

/** Where we are, for those who do not filter what is the same for everybody (RFC 7644, section 4: 403). */
function baseFor({ origin, query }: Asked): string {
  if (query.filter !== undefined) throw new ScimError(403, "What the service can do is not filtered.");
  return origin + SCIM_BASE;
}

function one<T extends { readonly id: string }>(list: readonly T[], id: string): T {
  const found = list.find((each) => each.id.toLowerCase() === id.toLowerCase());
  if (found === undefined) throw notFound();
  return found;
}

export const getServiceProviderConfig: Handler<Ops["getServiceProviderConfig"], object> = async (call) => ({
  document: serviceProviderConfig(baseFor(call)),
});

export const listResourceTypes: Handler<Ops["listResourceTypes"], object> = async (call) => ({
  document: listResponse(resourceTypes(baseFor(call))),
});

export const getResourceType: Handler<Ops["getResourceType"], object> = async (call) => ({
  document: one(resourceTypes(baseFor(call)), call.path.scim_type),
});

export const listSchemas: Handler<Ops["listSchemas"], object> = async (call) => ({
  document: listResponse(schemaDocuments(baseFor(call))),
});

export const getSchema: Handler<Ops["getSchema"], object> = async (call) => ({
  document: one(schemaDocuments(baseFor(call)), call.path.scim_schema),
});
