import type { OperationShape } from "../shared/http/operation.ts";
import { operations as access } from "./access/operations.ts";
import { operations as agents } from "./agents/operations.ts";
import { operations as apiKeys } from "./api-keys/operations.ts";
import { operations as approvals } from "./approvals/operations.ts";
import { operations as audit } from "./audit/operations.ts";
import { operations as auth } from "./auth/operations.ts";
import { operations as deployments } from "./deployments/operations.ts";
import { operations as domains } from "./domains/operations.ts";
import { operations as exchange } from "./exchange/operations.ts";
import { operations as executions } from "./executions/operations.ts";
import { operations as gateways } from "./gateways/operations.ts";
import { operations as invitations } from "./invitations/operations.ts";
import { operations as models } from "./models/operations.ts";
import { operations as operators } from "./operators/operations.ts";
import { operations as organizations } from "./organizations/operations.ts";
import { operations as panel } from "./panel/operations.ts";
import { operations as pipelines } from "./pipelines/operations.ts";
import { operations as platform } from "./platform/operations.ts";
import { operations as policies } from "./policies/operations.ts";
import { operations as promotions } from "./promotions/operations.ts";
import { operations as runs } from "./runs/operations.ts";
import { operations as schedules } from "./schedules/operations.ts";
import { operations as scim } from "./scim/operations.ts";
import { operations as sso } from "./sso/operations.ts";
import { operations as suites } from "./suites/operations.ts";
import { operations as teams } from "./teams/operations.ts";
import { operations as telemetry } from "./telemetry/operations.ts";
import { operations as users } from "./users/operations.ts";
import { operations as webhooks } from "./webhooks/operations.ts";
import { operations as workspaces } from "./workspaces/operations.ts";

/** The operations of every room, by room. Routes, the OpenAPI document, the matrices and the tests derive from it. */
export const operationsByRoom: Readonly<Record<string, Readonly<Record<string, OperationShape>>>> = {
  agents,
  executions,
  exchange,
  auth,
  models,
  organizations,
  domains,
  operators,
  workspaces,
  users,
  invitations,
  sso,
  scim,
  teams,
  approvals,
  audit,
  access,
  "api-keys": apiKeys,
  policies,
  pipelines,
  runs,
  panel,
  schedules,
  suites,
  gateways,
  deployments,
  promotions,
  telemetry,
  platform,
  webhooks,
};

export const allOperations: readonly { readonly room: string; readonly operation: OperationShape }[] = Object.entries(
  operationsByRoom,
).flatMap(([room, operations]) => Object.values(operations).map((operation) => ({ room, operation })));

export const operationsOf = (room: string): readonly OperationShape[] => Object.values(operationsByRoom[room] ?? {});
