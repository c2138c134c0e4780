import type { Write } from "../../../shared/dynamo/write.ts";
import type { Call } from "../../../shared/http/call.ts";
import type { OperationShape } from "../../../shared/http/operation.ts";
import type { Way } from "../../../shared/identity/items.ts";
import type { SignInDeps } from "../flow/deps.ts";
import { endRefused } from "../flow/refused.ts";
import type { Everybodys, Place, Profile, Refusal } from "../model.ts";
import { concernedByLink, tellRefused } from "../platform/refused.ts";
import { platformWay } from "../platform/way.ts";
import { connectionItem, type SignIn, wayOf } from "../store.ts";
import { everybodysRefusal, identityOf, linkRefusal } from "./refusal.ts";

/** A provider whose sign-in somebody wants to link with their account. */
interface LinkedProvider {
  /** Null while nobody signs in by it. */
  readonly way: Way | null;
  /** Why a person there does not become the user's who has asked for it. */
  refusal(signIn: Pick<SignIn, "asked_by">, profile: Profile): Promise<Refusal | undefined>;
  /** Ends what was refused. */
  refused(reason: Refusal, email: string | null, ended: readonly Write[]): Promise<void>;
}

type Back = Call<OperationShape>;

/** The provider of a connection, whose organization sees in its history who is refused. */
export async function companysProvider(
  call: Pick<Back, "at" | "request" | "trace">,
  { table }: Pick<SignInDeps, "table">,
  { signIn: { id }, lead }: { readonly signIn: Pick<SignIn, "id">; readonly lead: Place },
): Promise<LinkedProvider> {
  const connection = await table.of(lead.organization_id).get(connectionItem, { id: lead.connection_id });
  return {
    way: connection === undefined ? null : wayOf(connection),
    async refusal(signIn, profile) {
      if (connection === undefined) return "connection_inactive";
      return linkRefusal(signIn, connection, profile, await identityOf(table, connection, profile));
    },
    refused: (reason, email, ended) =>
      endRefused(call, table, { signIn: { id, ...lead }, connection, reason, email }, ended),
  };
}

/** A provider that is everybody's. The organization of whoever has asked sees in its trail who is refused. */
export const everybodysProvider = (
  call: Pick<Back, "at" | "origin" | "request" | "trace">,
  deps: Pick<SignInDeps, "table" | "clients" | "log">,
  { signIn, lead: { provider } }: { readonly signIn: Pick<SignIn, "asked_by">; readonly lead: Everybodys },
): LinkedProvider => ({
  way: platformWay(deps.clients, provider, call.origin),
  refusal: (signIn, profile) => everybodysRefusal(deps.table, signIn, profile),
  async refused(reason, _email, ended) {
    const concerns = await concernedByLink(deps, signIn);
    await tellRefused(call, deps, { provider, purpose: "link", reason, concerns }, ended);
  },
});
