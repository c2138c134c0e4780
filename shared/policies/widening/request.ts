import type { PolicyRequest } from "../language.ts";
import { TIME, type Variable } from "./domains.ts";

/** Values of variables: of all, or of some. */
export type Assigned = ReadonlyMap<Variable, unknown>;

/** The request in which the variables have these values; what is not assigned is missing. */
export function requestOf(resource_type: string, action: string, values: Assigned): PolicyRequest {
  const parts: Record<string, Record<string, unknown>> = { principal: {}, resource: {}, context: {} };
  for (const [variable, value] of values) {
    const [root = "", name = ""] = variable.split(".");
    const part = parts[root];
    if (part !== undefined && value !== undefined) part[name] = value;
  }
  const { principal, resource = {}, context = {} } = parts;
  const at = values.get(TIME);
  return {
    resource_type,
    action,
    principal: { kind: "user", id: "~nobody", ...principal },
    resource,
    context,
    at: at instanceof Date ? at : new Date(0),
  };
}
