import { beforeAll, describe, expect, it } from "vitest";
import * as handlers from "../../../functions/invitations/handlers.ts";
import { PROMISED } from "../../../functions/invitations/model.ts";
import { operations } from "../../../functions/invitations/operations.ts";
import { teamItem, userTeamsItem } from "../../../functions/teams/store.ts";
import { workspaceItem, workspaceMemberItem } from "../../../functions/workspaces/store.ts";
import { createDispatcher } from "../../../shared/http/dispatch.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { newId } from "../../../shared/ids.ts";
import { type Company, call, registerCompany, unique } from "../../support/api.ts";
import { interrupted } from "../../support/interrupted.ts";
import { linkOf } from "../../support/invitations.ts";
import { addMember } from "../../support/members.ts";
import { stackPlatform, stackTable } from "../../support/stack.ts";

let host: Company;
beforeAll(async () => {
  host = await registerCompany();
  const tenant = stackTable().of(host.organization_id);
  await tenant.transact([tenant.writes.update(organizationItem, {}, { set: { plan: "enterprise" } })]);
});

const own = () => stackTable().of(host.organization_id);
const made = async (path: string, count = PROMISED): Promise<string[]> => {
  const ids: string[] = [];
  for (let i = 0; i < count; i++)
    ids.push((await host.call("POST", path, { name: unique("Place") })).body.id as string);
  return ids;
};
const promise = async (email: string, promised: object) => {
  const answer = await host.call("POST", "/invitations", { email, role: "developer", ...promised });
  expect(answer.status).toBe(201);
  return linkOf(host, answer.body.id);
};
const seats = (ids: readonly string[], role = "member") => ids.map((workspace_id) => ({ workspace_id, role }));
const membersOf = async (id: string) => (await own().get(teamItem, { id }))?.member_count;

describe("places that an invitation promises", () => {
  it("are taken with it, as many as there may be, by somebody new and by somebody who has an account", async () => {
    const [teams, workspaces] = [await made("/teams"), await made("/workspaces")];
    const guest = await registerCompany();
    const promised = { team_ids: teams, workspaces: seats(workspaces, "owner") };
    const token = await promise(guest.email, promised);
    const accepted = await guest.call("POST", "/invitations/accept", { token });
    expect([accepted.status, accepted.body.team_ids, accepted.body.workspaces]).toEqual([
      200,
      teams,
      promised.workspaces,
    ]);
    const email = `${unique("new")}@example.com`;
    const body = { token: await promise(email, promised), name: "New", password: "correct horse battery staple" };
    const joined = await call("POST", "/auth/join", { body });
    expect([joined.status, joined.body.team_ids, joined.body.workspaces]).toEqual([201, teams, promised.workspaces]);
    for (const user_id of [guest.user_id, joined.body.user.id]) {
      expect((await own().get(userTeamsItem, { user_id }))?.teams.map(({ team_id }) => team_id)).toEqual(teams);
      for (const workspace_id of workspaces)
        expect((await own().get(workspaceMemberItem, { workspace_id, user_id }))?.role).toBe("owner");
    }
    for (const id of teams) expect(await membersOf(id)).toBe(2);
    for (const id of workspaces)
      expect(await own().get(workspaceItem, { id })).toMatchObject({ member_count: 3, owner_count: 3 });
  });

  it("that are gone, archived or taken by then are left out, and the rest is given", async () => {
    const [kept, gone] = await made("/teams", 2);
    const [open, archived] = await made("/workspaces", 2);
    const guest = await registerCompany();
    const token = await promise(guest.email, {
      team_ids: [gone, kept],
      workspaces: seats([archived ?? "", open ?? ""], "viewer"),
    });
    expect((await host.call("DELETE", `/teams/${gone}`)).status).toBe(204);
    expect((await host.call("POST", `/workspaces/${archived}/archive`)).status).toBe(200);
    const accepted = await guest.call("POST", "/invitations/accept", { token });
    expect([accepted.status, accepted.body.team_ids, accepted.body.workspaces]).toEqual([
      200,
      [kept],
      seats([open ?? ""], "viewer"),
    ]);
  });

  it("are counted once for each, though all join at the same moment", async () => {
    const [team = ""] = await made("/teams", 1);
    const [workspace_id = ""] = await made("/workspaces", 1);
    const guests = await Promise.all(Array.from({ length: 5 }, () => registerCompany()));
    const tokens: string[] = [];
    for (const { email } of guests)
      tokens.push(await promise(email, { team_ids: [team], workspaces: seats([workspace_id]) }));
    const answers = await Promise.all(
      guests.map((guest, i) => guest.call("POST", "/invitations/accept", { token: tokens[i] })),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(await membersOf(team)).toBe(5);
    expect((await own().get(workspaceItem, { id: workspace_id }))?.member_count).toBe(6);
  });

  it("that go at the last moment keep nobody from joining", async () => {
    const [kept, gone] = await made("/teams", 2);
    const [open, archived] = await made("/workspaces", 2);
    const guest = await registerCompany();
    const token = await promise(guest.email, {
      team_ids: [gone, kept],
      workspaces: seats([archived ?? "", open ?? ""]),
    });
    const platform = {
      ...stackPlatform(),
      table: interrupted(async () => {
        await host.call("DELETE", `/teams/${gone}`);
        await host.call("POST", `/workspaces/${archived}/archive`);
      }),
    };
    const accept = createDispatcher(operations, handlers, platform, { ...platform, randomSecret: () => "" });
    const answer = await accept({
      method: "POST",
      path: "/api/v1/invitations/accept",
      query: "",
      headers: { authorization: `Bearer ${guest.token}`, "content-type": "application/json" },
      body: JSON.stringify({ token }),
      ip: "127.0.0.1",
    });
    const { team_ids, workspaces } = JSON.parse(String(answer.body));
    expect([answer.status, team_ids, workspaces]).toEqual([200, [kept], seats([open ?? ""])]);
  });

  it("are promised by those only who decide about them, and name what is there", async () => {
    const admin = await addMember(host, "org_admin");
    const [team = ""] = await made("/teams", 1);
    const [workspace_id = ""] = await made("/workspaces", 1);
    const [unknown_team, unknown_workspace] = [newId("team", new Date()), newId("workspace", new Date())];
    const invite = async (promised: object) => {
      const email = `${unique("x")}@example.com`;
      const answer = await admin.call("POST", "/invitations", { email, role: "viewer", ...promised });
      return [answer.status, answer.body.code ?? answer.body.status, answer.body.issues?.[0]?.path];
    };
    expect(await invite({ team_ids: [team] })).toEqual([201, "pending", undefined]);
    expect(await invite({ team_ids: [team, unknown_team] })).toEqual([422, "reference_not_found", "team_ids.1"]);
    expect(await invite({ workspaces: seats([workspace_id]) })).toEqual([403, "forbidden", undefined]);
    expect(await invite({ workspaces: seats([unknown_workspace]) })).toEqual([
      422,
      "reference_not_found",
      "workspaces.0.workspace_id",
    ]);
    expect(await invite({ team_ids: [team, team] })).toEqual([422, "validation_failed", "team_ids"]);
    expect(await invite({ team_ids: Array(PROMISED + 1).fill(team) })).toEqual([422, "validation_failed", "team_ids"]);
  });
});
