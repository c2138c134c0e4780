import * as z from "zod";
import { principalSchema } from "../../shared/access/principal.ts";
import { defineDue } from "../../shared/due/due.ts";
import { defineItem, type ItemOf } from "../../shared/dynamo/item.ts";
import { idSchema } from "../../shared/ids.ts";
import { storedEndpointSchema } from "./endpoints/model.ts";
import { deploymentSchema, logSchema } from "./model.ts";

export const deploymentItem = defineItem({
  type: "deployment",
  summary: "One version of an agent on one gateway.",
  schema: deploymentSchema.extend({
    /** Whose rights are asked again before it becomes active. */
    deployed_by: principalSchema,
    /** How many entries its log has. */
    logged: z.int(),
  }),
  key: { pk: "DEPLOYMENT#{id}", sk: "DEPLOYMENT" },
  indexes: {
    gsi1: { pk: "DEPLOYMENTS", sk: "{id}" },
    gsi2: { pk: "DEPLOYMENTS_OF#{target_id}", sk: "{id}" },
    gsi3: { pk: "DEPLOYMENTS_ON#{gateway_id}", sk: "{id}" },
    gsi4: { pk: "DEPLOYMENTS_THAT_ARE#{status}", sk: "{gateway_id}#{target_id}#{id}" },
  },
});
export type StoredDeployment = ItemOf<typeof deploymentItem>;

export const deploymentLogItem = defineItem({
  type: "deployment_log",
  summary: "One thing that happened to a deployment.",
  schema: logSchema,
  key: { pk: "DEPLOYMENT#{deployment_id}", sk: "LOG#{sequence}" },
});

/** There is one per thing and gateway, so that of two that deploy at once one is refused, and nothing is active twice. */
export const slotItem = defineItem({
  type: "deployment_slot",
  summary: "What is active of a thing on a gateway, and what is on its way to take its place.",
  schema: z.object({
    gateway_id: idSchema("gateway"),
    target_id: z.string(),
    active_id: idSchema("deployment").optional(),
    starting_id: idSchema("deployment").optional(),
  }),
  key: { pk: "DEPLOYMENT_SLOT#{gateway_id}", sk: "{target_id}" },
});

/** When somebody works at it again, or for the first time should nobody have heard of it. */
export const deploymentDue = defineDue("deployment");

/** Stays while its gateway is there, so that keys go on when something is deployed again. */
export const endpointItem = defineItem({
  type: "deployment_endpoint",
  summary: "Where a thing is asked on the built-in data plane: which deployment answers, and by which keys.",
  schema: storedEndpointSchema,
  key: { pk: "DEPLOYMENT_ENDPOINT#{gateway_id}", sk: "{target_id}" },
  indexes: { gsi1: { pk: "DEPLOYMENT_ENDPOINTS", sk: "{gateway_id}#{target_id}" } },
});

/** When the data plane is told of a change, should whoever made it not have. */
export const endpointDue = defineDue("deployment_endpoint");
