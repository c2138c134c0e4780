import type { EventDefinition, EventDefinitions } from "../shared/change/events.ts";
import { accessEvents } from "./access/events.ts";
import { agentEvents } from "./agents/events.ts";
import { apiKeyEvents } from "./api-keys/events.ts";
import { approvalEvents } from "./approvals/events.ts";
import { auditEvents } from "./audit/events.ts";
import { auditStreamEvents } from "./audit/streams/events.ts";
import { authEvents } from "./auth/events.ts";
import { deploymentEvents } from "./deployments/events.ts";
import { domainEvents } from "./domains/events.ts";
import { exchangeEvents } from "./exchange/events.ts";
import { executionEvents } from "./executions/events.ts";
import { gatewayEvents } from "./gateways/events.ts";
import { invitationEvents } from "./invitations/events.ts";
import { modelEvents } from "./models/events.ts";
import { operatorEvents } from "./operators/events.ts";
import { organizationEvents } from "./organizations/events.ts";
import { pipelineEvents } from "./pipelines/events.ts";
import { policyEvents } from "./policies/events.ts";
import { promotionEvents } from "./promotions/events.ts";
import { runEvents } from "./runs/events.ts";
import { scheduleEvents } from "./schedules/events.ts";
import { scimEvents } from "./scim/events.ts";
import { ssoEvents } from "./sso/events.ts";
import { suiteEvents } from "./suites/events.ts";
import { teamEvents } from "./teams/events.ts";
import { telemetryEvents } from "./telemetry/events.ts";
import { userEvents } from "./users/events.ts";
import { webhookEvents } from "./webhooks/events.ts";
import { workspaceEvents } from "./workspaces/events.ts";

/** The events of every room, by room. Webhook subscriptions, the OpenAPI document and docs/events.md derive from it. */
export const eventsByRoom: Readonly<Record<string, EventDefinitions>> = {
  access: accessEvents,
  agents: agentEvents,
  exchange: exchangeEvents,
  executions: executionEvents,
  auth: authEvents,
  models: modelEvents,
  organizations: organizationEvents,
  domains: domainEvents,
  operators: operatorEvents,
  users: userEvents,
  invitations: invitationEvents,
  sso: ssoEvents,
  scim: scimEvents,
  teams: teamEvents,
  "api-keys": apiKeyEvents,
  approvals: approvalEvents,
  audit: { ...auditEvents, ...auditStreamEvents },
  policies: policyEvents,
  pipelines: pipelineEvents,
  runs: runEvents,
  schedules: scheduleEvents,
  suites: suiteEvents,
  gateways: gatewayEvents,
  deployments: deploymentEvents,
  promotions: promotionEvents,
  telemetry: telemetryEvents,
  workspaces: workspaceEvents,
  webhooks: webhookEvents,
};

const registry = new Map<string, EventDefinition>();
for (const [room, events] of Object.entries(eventsByRoom)) {
  for (const [type, definition] of Object.entries(events)) {
    if (registry.has(type)) throw new Error(`${room} declares the event ${type} a second time`);
    registry.set(type, definition);
  }
}

/** Every event type, sorted: the closed list of what leaves on the bus and what a webhook can subscribe to. */
export const eventTypes: readonly string[] = [...registry.keys()].sort();

/** The definition of an event type; undefined when no room declares it. */
export const eventDefinition = (type: string): EventDefinition | undefined => registry.get(type);
