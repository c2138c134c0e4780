import { notFound } from "../../shared/errors.ts";
import type { Handler } from "../../shared/http/call.ts";
import type { operations } from "./operations.ts";

type Ops = typeof operations;

/** Only the active organization can be read; any other id is like one that never was. */
export const get: Handler<Ops["get"], object> = async ({ caller, path }) => {
  if (path.organization_id !== caller.organization.id) throw notFound();
  return caller.organization;
};
