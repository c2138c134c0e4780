import * as z from "zod";
import { operation } from "../../shared/http/operation.ts";
import { idSchema } from "../../shared/ids.ts";
import { organizationView } from "./model.ts";

const path = z.object({ organization_id: idSchema("organization") });

export const operations = {
  get: operation({
    id: "organizations.get",
    method: "GET",
    path: "/organizations/{organization_id}",
    summary: "Read the active organization",
    permission: "organizations:read",
    request: { path },
    response: organizationView,
    success: 200,
    errors: [],
  }),
} as const;
