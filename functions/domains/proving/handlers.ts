import { draft } from "../../../shared/change/events.ts";
import { updateWithRetry } from "../../../shared/change/update.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { Problem } from "../../../shared/errors.ts";
import { sha256 } from "../../../shared/hash.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { newEtag } from "../../../shared/ids.ts";
import type { DomainsDeps } from "../deps.ts";
import { domainEvents } from "../events.ts";
import {
  challengeOf,
  type Domain,
  domainStates,
  formatToken,
  MAIL_LINK_SECONDS,
  parseToken,
  RECHECK_SECONDS,
} from "../model.ts";
import type { operations } from "../operations.ts";
import { domainItem, linkContext, mailWrite, shown } from "../store.ts";
import { applied, proved } from "./prove.ts";
import { seenIn, verdict } from "./rules/judge.ts";

type Ops = typeof operations;

/** An ended claim has to be claimed again: its record may stand there from years ago. */
function requireOpen({ status }: Domain): void {
  if (status === "expired") throw domainStates.refusal(status, ["pending", "verified", "failed"]);
}

export const verify: Handler<Ops["verify"], DomainsDeps> = async (call, { table, lookUpTxt }) => {
  const { at } = call;
  const first = await call.load();
  requireOpen(first);
  const texts = await lookUpTxt(challengeOf(first).name);
  return updateWithRetry(undefined, async (how) => {
    const read = await call.load(how);
    requireOpen(read);
    const move = applied(table, read, verdict(read, seenIn(read, texts), at), at);
    const writes = [call.stillPermitted(), ...move.writes];
    return move.event === undefined
      ? call.answer(writes, shown(move.domain))
      : call.commit({ writes, events: [move.event] }, shown(move.domain));
  });
};

export const sendVerificationMail: Handler<Ops["sendVerificationMail"], DomainsDeps> = async (call, deps) => {
  const { at, body } = call;
  const { table, secrets, randomSecret } = deps;
  return updateWithRetry(undefined, async (how) => {
    const read = await call.load(how);
    requireOpen(read);
    const { id, organization_id, domain } = read;
    const { mailbox } = body;
    const secret = randomSecret();
    const link = {
      mailbox,
      secret_hash: sha256(secret),
      sealed_token: await secrets.encrypt(formatToken(organization_id, id, secret), linkContext(read)),
      expires_at: timestamp(addSeconds(at, MAIL_LINK_SECONDS)),
    };
    const next: Domain = { ...read, link, updated_at: timestamp(at), etag: newEtag(at) };
    const data = { domain_id: id, domain, mailbox };
    return call.commit(
      {
        writes: [
          call.stillPermitted(),
          table.of(organization_id).writes.replace(domainItem, next, read.etag),
          mailWrite(table, domain, at),
        ],
        events: [draft(domainEvents, "domain.verification_mail_requested", { id, name: domain }, data)],
      },
      shown(next),
    );
  });
};

/** The one thing that a link says which is wrong, used, replaced or too old. */
const noLongerWorks = (): Problem => new Problem("not_found", "This link no longer works. Ask for another mail.");

/** Whoever reads the mailbox proves the domain; a GET of the link decides nothing, which programs that look at mails make. */
export const confirm: Handler<Ops["confirm"], DomainsDeps> = async (call, { table }) => {
  const { at, body } = call;
  const token = parseToken(body.token);
  if (token === undefined) throw noLongerWorks();
  const tenant = table.of(token.organization_id);
  return updateWithRetry(undefined, async () => {
    const [read, organization] = await table.batch([
      tenant.read(domainItem, { id: token.id }),
      tenant.read(organizationItem, {}),
    ]);
    const link = read?.link ?? undefined;
    if (
      read === undefined ||
      link?.secret_hash !== token.secret_hash ||
      Date.parse(link.expires_at) <= at.getTime() ||
      organization?.status !== "active"
    )
      throw noLongerWorks();
    const move = proved(table, read, "email", addSeconds(at, RECHECK_SECONDS), at);
    return call.commit(
      { writes: move.writes, events: [move.event] },
      { domain: read.domain, organization_id: read.organization_id },
      { tenant: read.organization_id, actor: { type: "system", id: "domain_mailbox" } },
    );
  });
};
