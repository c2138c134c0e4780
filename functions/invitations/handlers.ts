import { personBehind } from "../../shared/access/caller.ts";
import type { Principal } from "../../shared/access/principal.ts";
import { type ChangeSet, commitChange } from "../../shared/change/commit.ts";
import { draft } from "../../shared/change/events.ts";
import { updateWithRetry } from "../../shared/change/update.ts";
import { addSeconds, timestamp } from "../../shared/clock.ts";
import { lostRace } from "../../shared/dynamo/write.ts";
import { alreadyExists, Problem } from "../../shared/errors.ts";
import { sha256 } from "../../shared/hash.ts";
import type { Call, Handler } from "../../shared/http/call.ts";
import { emailItem, membershipItem, PLATFORM } from "../../shared/identity/items.ts";
import { newEtag, newId } from "../../shared/ids.ts";
import { requireManaged } from "../teams/public.ts";
import { requireGivable } from "../users/public.ts";
import { requireAssignable } from "../workspaces/public.ts";
import type { InvitationsDeps } from "./deps.ts";
import { invitationEvents } from "./events.ts";
import { formatToken, INVITATION_SECONDS, invitationStates } from "./model.ts";
import type { operations } from "./operations.ts";
import { revocation } from "./revoking/revoke.ts";
import {
  type Invitation,
  invitationExpiry,
  invitationItem,
  invitationTokenContext,
  invitationWrites,
  mailWrites,
} from "./store.ts";

export { accept, lookUp } from "./accepting/handlers.ts";

type Ops = typeof operations;
type Inviting = Call<Ops["create"]> | Call<Ops["createMany"]>;
type Invitee = Call<Ops["create"]>["body"];

/** A link: what the table keeps of it, and until when it works. */
async function newLink(
  { organization_id, id }: Pick<Invitation, "organization_id" | "id">,
  { secrets, randomSecret }: InvitationsDeps,
  at: Date,
) {
  const secret = randomSecret();
  return {
    secret_hash: sha256(secret),
    sealed_token: await secrets.encrypt(
      formatToken(organization_id, id, secret),
      invitationTokenContext({ organization_id, id }),
    ),
    sent_at: timestamp(at),
    expires_at: timestamp(addSeconds(at, INVITATION_SECONDS)),
  };
}

/** Refuses an address whose user is a member already. */
async function requireStranger({ table }: InvitationsDeps, tenant: string, email: string): Promise<void> {
  const account = await table.of(PLATFORM).get(emailItem, { email });
  if (account === undefined) return;
  const membership = await table.of(tenant).get(membershipItem, { user_id: account.user_id });
  if (membership === undefined || membership.status === "removed") return;
  throw alreadyExists("email", `${account.user_id} is a member of the organization already (${membership.status}).`);
}

const subject = ({ id, email, role }: Invitation) =>
  [
    { id, name: email },
    { invitation_id: id, role },
  ] as const;

/** In whose name an invitation is sent: it counts as long as they are a member. @throws Problem `forbidden` for who is none */
function inviterOf(principal: Principal): string {
  const user_id = personBehind(principal);
  if (user_id === undefined) throw new Problem("forbidden", "Only a member invites, or a program with their API key.");
  return user_id;
}

/** What inviting somebody writes. */
async function invite(call: Inviting, { email, role, ...rest }: Invitee, deps: InvitationsDeps) {
  const { caller, at } = call;
  const given = await requireGivable(deps.table, caller, role);
  await requireManaged(deps.table, caller, rest.team_ids, at);
  await requireAssignable(deps.table, caller, rest.workspaces, at);
  const organization_id = caller.organization.id;
  await requireStranger(deps, organization_id, email);
  const id = newId("invitation", at);
  const now = timestamp(at);
  const invitation: Invitation = {
    id,
    organization_id,
    email,
    role,
    ...rest,
    status: "pending",
    invited_by: inviterOf(caller.principal),
    ...(await newLink({ organization_id, id }, deps, at)),
    accepted_by: null,
    created_at: now,
    updated_at: now,
    etag: newEtag(at),
  };
  const tenant = deps.table.of(organization_id);
  const { plan } = caller.organization;
  const change: ChangeSet = {
    // Many are made one after the other: each proves what the request was permitted by.
    writes: [
      ...call.proofs(given),
      ...given,
      ...invitationWrites(tenant, plan, invitation),
      ...mailWrites(tenant, plan, email, at),
    ],
    events: [draft(invitationEvents, "invitation.created", ...subject(invitation))],
  };
  return { invitation, change };
}

export const create: Handler<Ops["create"], InvitationsDeps> = async (call, deps) => {
  return updateWithRetry(undefined, async () => {
    const { invitation, change } = await invite(call, call.body, deps);
    return call.commit(change, invitation);
  });
};

/** One after the other: all of them change the same counters of the organization. */
export const createMany: Handler<Ops["createMany"], InvitationsDeps> = async (call, deps) => {
  const results = [];
  for (const line of call.body.invitations) {
    try {
      const invitation = await updateWithRetry(undefined, async () => {
        const made = await invite(call, line, deps);
        await commitChange(deps.table, call.context, made.change);
        return made.invitation;
      });
      results.push({ email: line.email, invitation, error: null });
    } catch (error) {
      if (!(error instanceof Problem) || error.status >= 500) throw error;
      results.push({ email: line.email, invitation: null, error: { code: error.code, detail: error.message } });
    }
  }
  return { results };
};

export const list: Handler<Ops["list"], InvitationsDeps> = async ({ caller, query }, { table }) => {
  const { status, limit, cursor } = query;
  return table.of(caller.organization.id).page(invitationItem, { index: "gsi1", of: { status }, limit, cursor });
};

export const get: Handler<Ops["get"], InvitationsDeps> = (call) => call.load();

export const resend: Handler<Ops["resend"], InvitationsDeps> = (call, deps) =>
  updateWithRetry(undefined, async (how) => {
    const { caller, at } = call;
    const tenant = deps.table.of(caller.organization.id);
    const read = await call.load(how);
    if (read.status !== "pending") throw invitationStates.refusal(read.status, "pending");
    const given = await requireGivable(deps.table, caller, read.role);
    const set = { ...(await newLink(read, deps, at)), updated_at: timestamp(at), etag: newEtag(at) };
    return call.commit(
      {
        writes: [
          call.stillPermitted(),
          ...given,
          tenant.writes.update(
            invitationItem,
            { id: read.id },
            { set },
            { equals: { status: "pending", etag: read.etag } },
            (old) =>
              old === undefined || old.status === "pending"
                ? lostRace()
                : invitationStates.refusal(old.status, "pending"),
          ),
          invitationExpiry.set(tenant, read.id, new Date(set.expires_at)),
          ...mailWrites(tenant, caller.organization.plan, read.email, at),
        ],
        events: [draft(invitationEvents, "invitation.resent", ...subject(read))],
      },
      { ...read, ...set },
    );
  });

export const revoke: Handler<Ops["revoke"], InvitationsDeps> = async (call, { table }) => {
  const { caller, at } = call;
  const read = await call.load();
  if (read.status !== "pending") throw invitationStates.refusal(read.status, "revoked");
  const tenant = table.of(caller.organization.id);
  const { writes, events } = revocation(tenant, read, at);
  return call.commit({ writes: [call.stillPermitted(), ...writes], events }, undefined);
};
