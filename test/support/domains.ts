import { randomBytes } from "node:crypto";
import type { DomainsDeps } from "../../functions/domains/deps.ts";
import * as handlers from "../../functions/domains/handlers.ts";
import type { Domain } from "../../functions/domains/model.ts";
import { operations } from "../../functions/domains/operations.ts";
import { domainOwnerItem } from "../../functions/domains/owning/store.ts";
import { domainItem, linkContext } from "../../functions/domains/store.ts";
import { type Clock, systemClock } from "../../shared/clock.ts";
import { createDispatcher } from "../../shared/http/dispatch.ts";
import { PLATFORM } from "../../shared/identity/items.ts";
import { type Company, unique } from "./api.ts";
import { stackPlatform, stackTable } from "./stack.ts";

/** A domain that no other test uses, and that is nobody's. */
export const newDomain = (): string => `${unique("d")}.example.org`;

/** What names say in DNS; a name that is not here has no record, one that is undefined gets no answer. */
export type Zone = Map<string, readonly string[] | undefined>;

/** The domains room's operations in this process, with name servers and a clock of the test's own. */
export function domainService(zone: Zone = new Map(), clock: Clock = systemClock) {
  const platform = stackPlatform(clock);
  const deps: DomainsDeps = {
    table: platform.table,
    secrets: platform.secrets,
    randomSecret: () => randomBytes(32).toString("base64url"),
    lookUpTxt: async (name) => (zone.has(name) ? zone.get(name) : []),
  };
  const dispatch = createDispatcher(operations, handlers, platform, deps);
  return {
    deps,
    zone,
    async send(who: Pick<Company, "token"> | undefined, method: string, path: string, body?: unknown) {
      const answer = await dispatch({
        method,
        path: `/api/v1${path}`,
        query: "",
        headers: {
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...(who === undefined ? {} : { authorization: `Bearer ${who.token}` }),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        ip: "192.0.2.1",
      });
      const text = String(answer.body);
      return { status: answer.status, body: text === "" ? undefined : JSON.parse(text) };
    },
  };
}

/** A domain that a company has claimed and proved by its record. */
export async function provedBy(company: Company, name = newDomain(), service = domainService()): Promise<string> {
  const made = await company.call("POST", "/domains", { domain: name });
  if (made.status !== 201) throw new Error(`claim failed: ${made.status} ${made.text}`);
  const { id, record } = made.body;
  service.zone.set(record.name, [record.value]);
  const proved = await service.send(company, "POST", `/domains/${id}/verify`);
  if (proved.body.status !== "verified") throw new Error(`not proved: ${JSON.stringify(proved.body)}`);
  return id;
}

export const storedDomain = async (company: Pick<Company, "organization_id">, id: string): Promise<Domain> => {
  const read = await stackTable().of(company.organization_id).get(domainItem, { id });
  if (read === undefined) throw new Error(`there is no domain ${id}`);
  return read;
};

export const ownerOf = (domain: string) => stackTable().of(PLATFORM).get(domainOwnerItem, { domain });

/** The token that the mail of a domain brings, read where the mail function reads it. */
export async function domainLink(company: Pick<Company, "organization_id">, id: string): Promise<string> {
  const domain = await storedDomain(company, id);
  if (domain.link === null) throw new Error("no mail was asked for");
  return stackPlatform().secrets.decrypt(domain.link.sealed_token, linkContext(domain));
}
