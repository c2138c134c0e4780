import { beforeAll, describe, expect, it } from "vitest";
import * as handlers from "../../../functions/teams/handlers.ts";
import { teamLimits } from "../../../functions/teams/model.ts";
import { operations } from "../../../functions/teams/operations.ts";
import { createDispatcher } from "../../../shared/http/dispatch.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { type Company, registerCompany, unique } from "../../support/api.ts";
import { interrupted } from "../../support/interrupted.ts";
import { addMember, type TestMember } from "../../support/members.ts";
import { stackPlatform, stackTable } from "../../support/stack.ts";

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query?: string;
  readonly body?: unknown;
  readonly token?: string;
}

let company: Company;
let lead: TestMember;
let admin: TestMember;
beforeAll(async () => {
  company = await registerCompany();
  const tenant = stackTable().of(company.organization_id);
  await tenant.transact([tenant.writes.update(organizationItem, {}, { set: { plan: "enterprise" } })]);
});

async function ask({ method, path, query = "", body, token = company.token }: Asked, table = stackTable()) {
  const platform = { ...stackPlatform(), table };
  const answer = await createDispatcher(
    operations,
    handlers,
    platform,
    platform,
  )({
    method,
    path: `/api/v1${path}`,
    query,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
    ip: "127.0.0.1",
  });
  return { status: answer.status, body: answer.body === "" ? undefined : JSON.parse(String(answer.body)) };
}

const post = (path: string, body: unknown) => ask({ method: "POST", path, body });
const made = async (parent_id: string | null = null): Promise<string> =>
  (await post("/teams", { name: unique("Team"), parent_id })).body.id;
const move = (id: string, parent_id: string | null): Asked => ({
  method: "POST",
  path: `/teams/${id}/move`,
  body: { parent_id },
});

interface Scene {
  readonly asked: Asked;
  /** What somebody else does at that moment; it succeeds. */
  readonly meanwhile: () => Promise<{ readonly status: number }>;
}

/** A lead of a team with a team below it, and somebody whom they add there. */
async function leading(meanwhile: (above: string, below: string, user_id: string) => Scene["meanwhile"]) {
  const above = await made();
  const below = await made(above);
  [lead, admin] = await Promise.all([addMember(company, "viewer"), addMember(company, "org_admin")]);
  await post(`/teams/${above}/members`, { user_id: lead.user_id, role: "lead" });
  const { user_id } = await addMember(company, "viewer");
  const asked = { method: "POST", path: `/teams/${below}/members`, body: { user_id } };
  return { asked, meanwhile: meanwhile(above, below, user_id) };
}

const scenes: readonly [string, () => Promise<Scene>, number, object][] = [
  [
    "a lead who adds a member to a team below is made a plain member: refused",
    async () => {
      const { asked, meanwhile } = await leading((above) => () => {
        const path = `/teams/${above}/members/${lead.user_id}`;
        return ask({ method: "PATCH", path, body: { role: "member" } });
      });
      return { asked: { ...asked, token: lead.token }, meanwhile };
    },
    403,
    { code: "forbidden" },
  ],
  [
    "the team to which a lead adds a member moves away from the lead's: refused",
    async () => {
      const { asked, meanwhile } = await leading((_, below) => () => ask(move(below, null)));
      return { asked: { ...asked, token: lead.token }, meanwhile };
    },
    403,
    { code: "forbidden" },
  ],
  [
    "an administrator who adds a member loses the role: refused",
    async () => {
      const { asked, meanwhile } = await leading(
        () => () => company.call("PATCH", `/users/${admin.user_id}`, { role: "viewer" }),
      );
      return { asked: { ...asked, token: admin.token }, meanwhile };
    },
    403,
    { code: "forbidden" },
  ],
  [
    "the user who is added is suspended: refused",
    () => leading((_above, _below, user_id) => () => company.call("POST", `/users/${user_id}/suspend`)),
    422,
    { code: "reference_not_found" },
  ],
  [
    "a team moves under one that moves under it: refused",
    async () => {
      const [a, b] = [await made(), await made()];
      return { asked: move(a, b), meanwhile: () => ask(move(b, a)) };
    },
    409,
    { state: "circle" },
  ],
  [
    "a team gets one below it while it moves to the lowest level: refused",
    async () => {
      let lowest = await made();
      for (let level = 2; level < teamLimits.levels; level++) lowest = await made(lowest);
      const [mover, child] = [await made(), await made()];
      return { asked: move(mover, lowest), meanwhile: () => ask(move(child, mover)) };
    },
    409,
    { limit: teamLimits.levels },
  ],
  [
    "a team is made under one that is deleted: refused",
    async () => {
      const parent_id = await made();
      const body = { name: unique("Team"), parent_id };
      const meanwhile = () => ask({ method: "DELETE", path: `/teams/${parent_id}` });
      return { asked: { method: "POST", path: "/teams", body }, meanwhile };
    },
    422,
    { code: "reference_not_found" },
  ],
  [
    "a team that is deleted gets one under it: refused",
    async () => {
      const id = await made();
      const meanwhile = () => post("/teams", { name: unique("Team"), parent_id: id });
      return { asked: { method: "DELETE", path: `/teams/${id}` }, meanwhile };
    },
    409,
    { child_count: 1 },
  ],
  [
    "a user who is added to one team is added to another: in both",
    async () => {
      const other = await made();
      return leading((_above, _below, user_id) => () => post(`/teams/${other}/members`, { user_id }));
    },
    201,
    { role: "member" },
  ],
];

describe("between what a request has read and what it writes", () => {
  it.each(scenes)("%s", async (_, scene, status, body) => {
    const { asked, meanwhile } = await scene();
    let other: { readonly status: number } | undefined;
    const answer = await ask(
      asked,
      interrupted(async () => {
        other = await meanwhile();
      }),
    );
    expect(other?.status).toBeLessThan(300);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject(body);
    if (status !== 201) return;
    const { user_id } = answer.body;
    const { items } = (await ask({ method: "GET", path: `/users/${user_id}/teams` })).body;
    expect(items.filter((team: { inherited_from: string | null }) => team.inherited_from === null)).toHaveLength(2);
  });

  it("a team whose parent is deleted has another name: it keeps it, where it stands now", async () => {
    const top = await made();
    const id = await made(top);
    const child = await made(id);
    const name = unique("Renamed");
    const rename = () => ask({ method: "PATCH", path: `/teams/${child}`, body: { name } });
    const asked = { method: "DELETE", path: `/teams/${id}`, query: "children=reparent" };
    expect((await ask(asked, interrupted(rename))).status).toBe(204);
    const { items } = (await ask({ method: "GET", path: "/teams", query: `parent_id=${top}&search=${name}` })).body;
    expect(items).toMatchObject([{ id: child, name, parent_id: top }]);
  });
});
