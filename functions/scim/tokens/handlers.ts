import { userIdOf } from "../../../shared/access/caller.ts";
import { type ScimToken, scimTokenItem, TOKEN_SLOTS, tokenText } from "../../../shared/access/directory.ts";
import { draft } from "../../../shared/change/events.ts";
import { updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import { lostRace } from "../../../shared/dynamo/write.ts";
import { notFound, Problem } from "../../../shared/errors.ts";
import { sha256 } from "../../../shared/hash.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { invalid } from "../../../shared/http/parse.ts";
import { newId } from "../../../shared/ids.ts";
import { reachOf } from "../../users/public.ts";
import { scimEvents } from "../events.ts";
import { SCIM_BASE } from "../model.ts";
import type { apiOperations } from "../operations.ts";
import type { TokensDeps } from "./deps.ts";

type Ops = typeof apiOperations;

const noSlot = (): Problem =>
  new Problem("conflict", `An organization has ${TOKEN_SLOTS.length} live tokens at most. Revoke one first.`, {
    members: { limit: TOKEN_SLOTS.length },
  });

/** Takes a free slot by the creation itself, so that many at once are never more than there are slots. */
export const createToken: Handler<Ops["createToken"], TokensDeps> = async (call, { table, randomSecret }) => {
  const { caller, body, at } = call;
  const { name, expires_at } = body;
  if (expires_at !== null && Date.parse(expires_at) <= at.getTime())
    throw invalid([{ path: "expires_at", message: "is over already" }]);
  const tenant = table.of(caller.organization.id);
  const secret = randomSecret();
  return updateWithRetry(undefined, async () => {
    const live = await tenant.page(scimTokenItem, { of: {}, limit: 10 });
    const slot = TOKEN_SLOTS.find((one) => !live.items.some((token) => token.slot === one));
    if (slot === undefined) throw noSlot();
    const token: ScimToken = {
      slot,
      id: newId("scim_token", at),
      organization_id: tenant.tenant,
      name,
      secret_hash: sha256(secret),
      created_by: userIdOf(caller.principal) ?? caller.principal.id,
      reach: reachOf(caller.grants),
      created_at: timestamp(at),
      expires_at: expires_at === null ? null : timestamp(new Date(expires_at)),
      last_used_at: null,
    };
    const { id } = token;
    return call.commit(
      {
        writes: [call.stillPermitted(), tenant.writes.create(scimTokenItem, token, lostRace)],
        events: [
          draft(scimEvents, "scim.token_created", { id, name }, { token_id: id, name, expires_at: token.expires_at }),
        ],
      },
      { ...token, token: tokenText(token, secret), base_url: call.origin + SCIM_BASE },
    );
  });
};

export const listTokens: Handler<Ops["listTokens"], TokensDeps> = ({ caller, query }, { table }) =>
  table.of(caller.organization.id).page(scimTokenItem, { of: {}, ...query });

export const revokeToken: Handler<Ops["revokeToken"], TokensDeps> = async (call, { table }) => {
  const { slot, id, name } = await call.load();
  const { writes } = table.of(call.context.tenant);
  return call.commit(
    {
      writes: [call.stillPermitted(), writes.remove(scimTokenItem, { slot }, { equals: { id } }, () => notFound())],
      events: [draft(scimEvents, "scim.token_revoked", { id, name }, { token_id: id, name })],
    },
    undefined,
  );
};
