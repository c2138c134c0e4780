import { createPublicKey, verify } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ERASURE, erasureItem, organizationErasure } from "../../../functions/organizations/erasure/store.ts";
import { connectionItem } from "../../../functions/sso/store.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { organizationItem, PLATFORM } from "../../../shared/identity/items.ts";
import { createAgent } from "../../support/agents.ts";
import { eventually, registerCompany } from "../../support/api.ts";
import { tracesOf } from "../../support/leftovers.ts";
import { poolPage, startProvider, type TestProvider } from "../../support/oidc-provider.ts";
import { pool } from "../../support/pool.ts";
import { stackTable } from "../../support/stack.ts";
import { sweepDue } from "../../support/sweeper.ts";

let provider: TestProvider;
beforeAll(async () => {
  provider = await startProvider(poolPage());
});
afterAll(() => provider.stop());

it("the deployed function erases a deleted organization, with the rights that it has, and signs what it erased", async () => {
  const company = await registerCompany();
  const id = company.organization_id;
  await createAgent(company, { system_prompt: "p".repeat(20_000) });
  const { issuer, client_id, client_secret } = provider;
  const sent = { name: "Directory", provider: { kind: "oidc", issuer, client_id, client_secret } };
  const connected = await company.call("POST", "/sso/connections", sent);
  expect(connected.status, connected.text).toBe(201);
  const connection = await stackTable().of(id).get(connectionItem, { id: connected.body.id });
  const atPool = async () => [
    await pool().hasProvider(connection?.provider_name ?? ""),
    await pool().hasClient(connection?.pool_client_id ?? ""),
  ];
  expect(await atPool()).toEqual([true, true]);
  const { slug } = (await company.call("GET", `/organizations/${id}`)).body;
  expect((await company.call("DELETE", `/organizations/${id}?confirm=${slug}`)).status).toBe(202);

  const own = stackTable().of(id);
  const platform = stackTable().of(PLATFORM);
  const early = timestamp(addSeconds(new Date(), -600));
  const hurry = async () => {
    await own.transact([organizationErasure.set(own, ERASURE, new Date())]);
    await sweepDue();
  };
  const deletion = { at: early, erase_at: early };
  await own.transact([own.writes.update(organizationItem, {}, { set: { deletion } })]);
  await hurry();
  const status = async (wanted: string) =>
    (await platform.get(erasureItem, { organization_id: id }))?.status === wanted ? true : undefined;
  await eventually(() => status("erasing"), "it is claimed");
  // What an event makes due is swept as the schedule does every minute.
  const swept = async () => {
    await sweepDue();
    return atPool();
  };
  await expect.poll(swept, { timeout: 30_000, interval: 1_000 }).toEqual([false, false]);
  const key = { organization_id: id };
  await platform.transact([platform.writes.update(erasureItem, key, { set: { claimed_at: early } })]);
  await hurry();
  await eventually(() => status("erased"), "it is erased");

  const { types, files } = await tracesOf(id);
  expect(types.filter((type) => type !== "due")).toEqual([
    "audit_entry",
    "audit_head",
    "audit_leaf",
    "audit_number",
    "audit_tree",
    "erasure",
    "event",
    "organization_slug",
    "session",
    "user",
  ]);
  expect(files).toEqual([]);
  const { certificate } = (await company.call("GET", `/organizations/${id}/erasure`)).body;
  const signed = Buffer.from(certificate.statement);
  const signature = Buffer.from(certificate.signature, "base64");
  expect(verify("sha256", signed, createPublicKey(certificate.public_key), signature)).toBe(true);
});
