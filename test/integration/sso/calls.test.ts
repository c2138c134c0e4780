import { afterAll, beforeAll, expect, it } from "vitest";
import { Table } from "../../../shared/dynamo/table.ts";
import { rateItem } from "../../../shared/limits/reserve.ts";
import { registerCompany, unique } from "../../support/api.ts";
import { invited } from "../../support/invitations.ts";
import { poolPage, startProvider, type TestProvider } from "../../support/oidc-provider.ts";
import { startPlatformProvider } from "../../support/platform-providers.ts";
import { ssoService } from "../../support/sso.ts";
import { stackTable } from "../../support/stack.ts";

let provider: TestProvider;
const sso = ssoService();
beforeAll(async () => {
  provider = await startProvider(poolPage());
});
afterAll(() => provider.stop());

interface Command {
  readonly constructor: { readonly name: string };
  readonly input: { readonly Key?: { readonly sk?: unknown } };
}

/** The service on a table whose calls are counted: a batch, a query and a transaction are one each. */
function counted() {
  const { name, client } = stackTable();
  let calls: string[] = [];
  const send = async (command: Command): Promise<unknown> => {
    // Requests of an address are counted some at a time, for all of its operations together.
    if (command.input.Key?.sk !== rateItem.key.sk) calls.push(command.constructor.name.replace("Command", ""));
    return client.send(command as never);
  };
  const service = ssoService({ table: new Table(name, { send } as never) });
  return {
    /** The calls of a sign-in from start to tokens. */
    async of(how: Record<string, string>, device_token?: string) {
      calls = [];
      const { answer } = await service.signIn(how, service.browser(), device_token);
      expect(answer?.status, answer?.text).toBe(200);
      return { calls: [...calls], device_token: answer?.body.device_token as string };
    },
  };
}

const REPEATED = ["Get", "BatchGet", "TransactWrite", "Get", "BatchGet", "TransactWrite"];

it("a sign-in takes six calls of the table, the first one, every other, and one that links an account", async () => {
  const owner = await registerCompany();
  const domain = `${unique("acme")}.example`;
  await sso.prove(owner, domain);
  const { id: connection_id } = await sso.connect(owner, provider, { provisioning: true });
  const email = `${unique("ada")}@${domain}`;
  provider.signsIn({ sub: unique("subject"), email, email_verified: true, name: "Ada" });
  const service = counted();
  const first = await service.of({ connection_id });
  expect(first.calls).toEqual(REPEATED);
  const again = await service.of({ connection_id }, first.device_token);
  expect([again.calls, again.device_token]).toEqual([REPEATED, first.device_token]);
  provider.signsIn({ sub: unique("subject"), email, email_verified: true, name: "Ada" });
  expect((await service.of({ connection_id })).calls).toEqual(REPEATED);
  // The company is found by the address's domain, and then its connections.
  expect((await service.of({ email })).calls).toEqual(["Get", "Query", ...REPEATED.slice(1)]);
});

it("through a provider that is everybody's it takes six too, the first one, every other, and one that links an account", async () => {
  const google = await startPlatformProvider("google");
  const owner = await registerCompany();
  const domain = `${unique("acme")}.example`;
  await sso.prove(owner, domain, "viewer");
  const email = `${unique("ada")}@${domain}`;
  google.signsIn({ sub: unique("subject"), email, email_verified: true, name: "Ada", hd: domain });
  const service = counted();
  // Which organization it is has to be read before whether it lets anybody in.
  const first = await service.of({ provider: "google" });
  const PROVED = ["TransactWrite", "Get", "BatchGet", "TransactWrite"];
  expect(first.calls).toEqual(["BatchGet", "BatchGet", ...PROVED]);
  const again = await service.of({ provider: "google" }, first.device_token);
  expect(again.calls).toEqual(["BatchGet", "Get", ...PROVED]);
  google.signsIn({ sub: unique("subject"), email, email_verified: true, name: "Ada", hd: domain });
  expect((await service.of({ provider: "google" })).calls).toEqual(["BatchGet", "Get", ...PROVED]);
  await google.stop();
});

it("an invitation is two reads more: what it promises, and whether its sender still may", async () => {
  const owner = await registerCompany();
  const domain = `${unique("acme")}.example`;
  await sso.prove(owner, domain);
  const { id: connection_id } = await sso.connect(owner, provider);
  const email = `${unique("ada")}@${domain}`;
  await invited(owner, email);
  provider.signsIn({ sub: unique("subject"), email, email_verified: true, name: "Ada" });
  const { calls } = await counted().of({ connection_id });
  expect(calls).toEqual([...REPEATED.slice(0, 5), "Get", "Get", "TransactWrite"]);
});
