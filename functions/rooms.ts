import type { RoomData } from "../shared/room.ts";
import { room as access } from "./access/room.ts";
import { room as agents } from "./agents/room.ts";
import { room as apiKeys } from "./api-keys/room.ts";
import { room as approvals } from "./approvals/room.ts";
import { room as audit } from "./audit/room.ts";
import { room as auth } from "./auth/room.ts";
import { room as departures } from "./departures/room.ts";
import { room as deployments } from "./deployments/room.ts";
import { room as domains } from "./domains/room.ts";
import { room as due } from "./due/room.ts";
import { room as events } from "./events/room.ts";
import { room as exchange } from "./exchange/room.ts";
import { room as executions } from "./executions/room.ts";
import { room as gateways } from "./gateways/room.ts";
import { room as invitations } from "./invitations/room.ts";
import { room as mail } from "./mail/room.ts";
import { room as models } from "./models/room.ts";
import { room as operators } from "./operators/room.ts";
import { room as organizations } from "./organizations/room.ts";
import { room as panel } from "./panel/room.ts";
import { room as pipelines } from "./pipelines/room.ts";
import { room as platform } from "./platform/room.ts";
import { room as policies } from "./policies/room.ts";
import { room as promotions } from "./promotions/room.ts";
import { room as runs } from "./runs/room.ts";
import { room as schedules } from "./schedules/room.ts";
import { room as scim } from "./scim/room.ts";
import { room as serving } from "./serving/room.ts";
import { room as sso } from "./sso/room.ts";
import { room as suites } from "./suites/room.ts";
import { room as teams } from "./teams/room.ts";
import { room as telemetry } from "./telemetry/room.ts";
import { room as usage } from "./usage/room.ts";
import { room as users } from "./users/room.ts";
import { room as webhooks } from "./webhooks/room.ts";
import { room as workspaces } from "./workspaces/room.ts";

/** The table of contents: every capability of the product. Adding a room costs one folder and one line here. */
export const rooms: readonly RoomData[] = [
  agents,
  executions,
  exchange,
  auth,
  organizations,
  domains,
  operators,
  users,
  invitations,
  sso,
  scim,
  departures,
  mail,
  teams,
  workspaces,
  access,
  apiKeys,
  policies,
  approvals,
  audit,
  models,
  events,
  pipelines,
  runs,
  panel,
  schedules,
  suites,
  gateways,
  deployments,
  serving,
  promotions,
  telemetry,
  usage,
  platform,
  webhooks,
  due,
];
