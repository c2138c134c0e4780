import { randomUUID } from "node:crypto";
import * as accessHandlers from "../../functions/access/handlers.ts";
import { operations as accessOperations } from "../../functions/access/operations.ts";
import { agentDeps } from "../../functions/agents/deps.ts";
import * as agentHandlers from "../../functions/agents/handlers.ts";
import { operations as agentOperations } from "../../functions/agents/operations.ts";
import { approvalsDeps } from "../../functions/approvals/deps.ts";
import * as approvalHandlers from "../../functions/approvals/handlers.ts";
import { operations as approvalOperations } from "../../functions/approvals/operations.ts";
import * as auditHandlers from "../../functions/audit/handlers.ts";
import { apiOperations as auditOperations } from "../../functions/audit/operations.ts";
import { authDeps } from "../../functions/auth/deps.ts";
import * as authHandlers from "../../functions/auth/handlers.ts";
import { operations as authOperations } from "../../functions/auth/operations.ts";
import type { IdentityProvider } from "../../functions/auth/sessions/cognito.ts";
import { domainsDeps } from "../../functions/domains/deps.ts";
import * as domainHandlers from "../../functions/domains/handlers.ts";
import { operations as domainOperations } from "../../functions/domains/operations.ts";
import { exchangeDeps } from "../../functions/exchange/deps.ts";
import * as exchangeHandlers from "../../functions/exchange/handlers.ts";
import { operations as exchangeOperations } from "../../functions/exchange/operations.ts";
import { invitationsDeps } from "../../functions/invitations/deps.ts";
import * as invitationHandlers from "../../functions/invitations/handlers.ts";
import { operations as invitationOperations } from "../../functions/invitations/operations.ts";
import * as operatorHandlers from "../../functions/operators/handlers.ts";
import { operations as operatorOperations } from "../../functions/operators/operations.ts";
import * as organizationHandlers from "../../functions/organizations/handlers.ts";
import { operations as organizationOperations } from "../../functions/organizations/operations.ts";
import { pipelineDeps } from "../../functions/pipelines/deps.ts";
import * as pipelineHandlers from "../../functions/pipelines/handlers.ts";
import { operations as pipelineOperations } from "../../functions/pipelines/operations.ts";
import { runDeps, runViews } from "../../functions/runs/deps.ts";
import * as runHandlers from "../../functions/runs/handlers.ts";
import {
  apiOperations as runOperations,
  readOperations as runReadOperations,
} from "../../functions/runs/operations.ts";
import * as runReadHandlers from "../../functions/runs/reading/handlers.ts";
import * as scimHandlers from "../../functions/scim/handlers.ts";
import { directoryOperations, apiOperations as scimOperations } from "../../functions/scim/operations.ts";
import * as directoryHandlers from "../../functions/scim/protocol/handlers.ts";
import { refuseInScim } from "../../functions/scim/protocol/refusal.ts";
import { tokensDeps } from "../../functions/scim/tokens/deps.ts";
import { askDeps } from "../../functions/sso/asked/deps.ts";
import { connectionDeps } from "../../functions/sso/connections/deps.ts";
import * as connectionHandlers from "../../functions/sso/connections/handlers.ts";
import type { PoolProviders } from "../../functions/sso/connections/pool.ts";
import * as enforcementHandlers from "../../functions/sso/enforcement/handlers.ts";
import { signInDeps } from "../../functions/sso/flow/deps.ts";
import * as flowHandlers from "../../functions/sso/flow/handlers.ts";
import * as identityHandlers from "../../functions/sso/identities/handlers.ts";
import * as linkingHandlers from "../../functions/sso/linking/handlers.ts";
import {
  apiOperations as connectionOperations,
  memberOperations,
  signInOperations,
} from "../../functions/sso/operations.ts";
import * as trialHandlers from "../../functions/sso/trial/handlers.ts";
import * as teamHandlers from "../../functions/teams/handlers.ts";
import { operations as teamOperations } from "../../functions/teams/operations.ts";
import * as userHandlers from "../../functions/users/handlers.ts";
import { operations as userOperations } from "../../functions/users/operations.ts";
import { webhookDeps } from "../../functions/webhooks/deps.ts";
import * as webhookHandlers from "../../functions/webhooks/handlers.ts";
import { operations as webhookOperations } from "../../functions/webhooks/operations.ts";
import * as workspaceHandlers from "../../functions/workspaces/handlers.ts";
import { operations as workspaceOperations } from "../../functions/workspaces/operations.ts";
import type { Answer } from "../../shared/http/answer.ts";
import { createDispatcher } from "../../shared/http/dispatch.ts";
import type { OperationShape } from "../../shared/http/operation.ts";
import type { RawRequest } from "../../shared/http/parse.ts";
import type { Platform } from "../../shared/http/platform.ts";
import { createRouter } from "../../shared/http/router.ts";
import { CLIENT } from "../support/tokens.ts";
import { hostedPool } from "./sign-in.ts";

type Dispatch = (request: RawRequest) => Promise<Answer>;

/** A pool that takes every provider, and costs no call. */
const poolOfProviders: PoolProviders = {
  put: async () => {},
  remove: async () => {},
  createClient: async ({ name }) => name,
  findClients: async () => [],
  removeClient: async () => {},
};

/** A pool where every password is right and that costs no call: what is counted is what sign-ins ask of the table. */
const poolOfAll: IdentityProvider = (() => {
  const tokens = (sub: string) => ({
    sub,
    origin_jti: randomUUID(),
    access_token: "x".repeat(1_000),
    refresh_token: "x".repeat(1_500),
    expires_in: 900,
    client_id: CLIENT,
  });
  return {
    createUser: async (id) => id,
    deleteUser: async () => {},
    setPassword: async () => {},
    signIn: async (id) => tokens(id),
    refresh: async () => tokens("nobody"),
    revoke: async () => {},
  };
})();

/** Nothing that is measured asks for the key that signs heads. */
const headsKey = { public: () => Promise.reject(new Error("there is no such key")) };

/** The rooms' own dispatchers, as their \`api.ts\` makes them, behind one that finds the room by its operations. */
export function dispatchers(platform: Platform): Dispatch {
  const rooms: { finds: ReturnType<typeof createRouter>; dispatch: Dispatch }[] = [];
  const add = (operations: Readonly<Record<string, OperationShape>>, dispatch: Dispatch) =>
    rooms.push({ finds: createRouter(Object.values(operations)), dispatch });
  add(accessOperations, createDispatcher(accessOperations, accessHandlers, platform, platform));
  add(agentOperations, createDispatcher(agentOperations, agentHandlers, platform, agentDeps(platform)));
  add(exchangeOperations, createDispatcher(exchangeOperations, exchangeHandlers, platform, exchangeDeps(platform)));
  add(approvalOperations, createDispatcher(approvalOperations, approvalHandlers, platform, approvalsDeps(platform)));
  add(auditOperations, createDispatcher(auditOperations, auditHandlers, platform, { ...platform, key: headsKey }));
  add(
    authOperations,
    createDispatcher(authOperations, authHandlers, platform, { ...authDeps(platform), identities: poolOfAll }),
  );
  add(domainOperations, createDispatcher(domainOperations, domainHandlers, platform, domainsDeps(platform)));
  add(
    invitationOperations,
    createDispatcher(invitationOperations, invitationHandlers, platform, invitationsDeps(platform)),
  );
  add(organizationOperations, createDispatcher(organizationOperations, organizationHandlers, platform, platform));
  add(pipelineOperations, createDispatcher(pipelineOperations, pipelineHandlers, platform, pipelineDeps(platform)));
  add(runOperations, createDispatcher(runOperations, runHandlers, platform, runDeps(platform)));
  add(runReadOperations, createDispatcher(runReadOperations, runReadHandlers, platform, runViews(platform)));
  add(scimOperations, createDispatcher(scimOperations, scimHandlers, platform, tokensDeps(platform)));
  add(directoryOperations, createDispatcher(directoryOperations, directoryHandlers, platform, platform, refuseInScim));
  add(
    connectionOperations,
    createDispatcher(connectionOperations, connectionHandlers, platform, {
      ...connectionDeps(platform),
      providers: poolOfProviders,
    }),
  );
  const memberHandlers = { ...enforcementHandlers, ...identityHandlers, ...linkingHandlers, ...trialHandlers };
  add(memberOperations, createDispatcher(memberOperations, memberHandlers, platform, askDeps(platform)));
  add(
    signInOperations,
    createDispatcher(signInOperations, flowHandlers, platform, { ...signInDeps(platform), hosted: hostedPool }),
  );
  add(operatorOperations, createDispatcher(operatorOperations, operatorHandlers, platform, platform));
  add(teamOperations, createDispatcher(teamOperations, teamHandlers, platform, platform));
  add(userOperations, createDispatcher(userOperations, userHandlers, platform, platform));
  add(webhookOperations, createDispatcher(webhookOperations, webhookHandlers, platform, webhookDeps(platform)));
  add(workspaceOperations, createDispatcher(workspaceOperations, workspaceHandlers, platform, platform));
  return (request) => {
    const room = rooms.find(({ finds }) => finds(request.method, request.path).found);
    if (room === undefined) throw new Error(`no room serves ${request.method} ${request.path}`);
    return room.dispatch(request);
  };
}
