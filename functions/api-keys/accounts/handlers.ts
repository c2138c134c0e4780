import { type ServiceAccount, serviceAccountItem } from "../../../shared/access/keys/items.ts";
import { changedFields, draft } from "../../../shared/change/events.ts";
import { given, requireMatch, updateWithRetry } from "../../../shared/change/update.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { lostRace } from "../../../shared/dynamo/write.ts";
import { notFound } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { newEtag, newId } from "../../../shared/ids.ts";
import { giveQuota, takeQuota } from "../../../shared/limits/quota.ts";
import { requireGivable, requireReach } from "../../users/public.ts";
import type { ApiKeysDeps } from "../deps.ts";
import { apiKeyEvents } from "../events.ts";
import { orphanedKeys } from "../store.ts";
import { aboutAccount } from "./model.ts";
import type { accountOperations } from "./operations.ts";

type Ops = typeof accountOperations;

/** The index shows a key within a second or two after it was made. */
const LOOK_AFTER_SECONDS = 60;

export const createAccount: Handler<Ops["createAccount"], ApiKeysDeps> = (call, { table }) =>
  updateWithRetry(undefined, async () => {
    const { caller, body, at, context } = call;
    const givable = await requireGivable(table, caller, body.role);
    const own = table.of(context.tenant);
    const now = timestamp(at);
    const account: ServiceAccount = {
      ...body,
      id: newId("service_account", at),
      organization_id: context.tenant,
      status: "active",
      created_by: caller.principal.id,
      created_at: now,
      updated_at: now,
      etag: newEtag(at),
    };
    return call.commit(
      {
        writes: [
          call.stillPermitted(),
          ...givable,
          takeQuota(own, caller.organization.plan, "service_accounts"),
          own.writes.create(serviceAccountItem, account),
        ],
        events: [draft(apiKeyEvents, "service_account.created", account, aboutAccount(account))],
      },
      account,
    );
  });

export const listAccounts: Handler<Ops["listAccounts"], ApiKeysDeps> = ({ context, query }, { table }) =>
  table.of(context.tenant).page(serviceAccountItem, { of: {}, ...query });

export const getAccount: Handler<Ops["getAccount"], ApiKeysDeps> = (call) => call.load();

export const updateAccount: Handler<Ops["updateAccount"], ApiKeysDeps> = (call, { table }) =>
  updateWithRetry(call.if_match, async (how) => {
    const { caller, body, at, context } = call;
    const account = await call.load(how);
    await requireReach(table, caller, [account.role]);
    const givable = body.role === undefined ? [] : await requireGivable(table, caller, body.role);
    requireMatch(call.if_match, account.etag);
    const next: ServiceAccount = { ...account, ...given(body), updated_at: timestamp(at), etag: newEtag(at) };
    const changes = changedFields(account, next);
    const data = { ...aboutAccount(next), changed_fields: changes.map(({ field }) => field) };
    const { writes } = table.of(context.tenant);
    return call.commit(
      {
        writes: [call.stillPermitted(), ...givable, writes.replace(serviceAccountItem, next, account.etag)],
        events: [draft(apiKeyEvents, "service_account.updated", next, data, { changes })],
      },
      next,
    );
  });

export const removeAccount: Handler<Ops["removeAccount"], ApiKeysDeps> = (call, { table }) =>
  updateWithRetry(call.if_match, async (how) => {
    const { caller, at, context } = call;
    const account = await call.load(how);
    await requireReach(table, caller, [account.role]);
    requireMatch(call.if_match, account.etag);
    const own = table.of(context.tenant);
    const { id, etag } = account;
    return call.commit(
      {
        writes: [
          call.stillPermitted(),
          own.writes.remove(serviceAccountItem, { id }, { equals: { etag } }, (old) =>
            old === undefined ? notFound() : lostRace(),
          ),
          giveQuota(own, "service_accounts"),
          orphanedKeys.set(own, id, addSeconds(at, LOOK_AFTER_SECONDS)),
        ],
        events: [draft(apiKeyEvents, "service_account.deleted", account, aboutAccount(account))],
      },
      undefined,
    );
  });
