import { randomBytes } from "node:crypto";
import { Secret, TOTP } from "otpauth";
import { Client } from "./client.ts";
import { tellOfCompanySignIn, tellOfSaml } from "./company-sign-in.ts";
import { tellOfOperators } from "./operators.ts";
import { bold, dim } from "./show.ts";
import { must, remark, Story, until } from "./story.ts";
import { DOMAIN_LINK, LINK, mailed, PROOF } from "./system.ts";

/** How people come to a company, work in two, form teams, and go: refused from the next request on. */
export async function tell(gateway: string): Promise<boolean> {
  const story = new Story();
  const tag = randomBytes(3).toString("hex");
  const password = randomBytes(12).toString("base64url");
  const addressOf = (name: string) => `${name.toLowerCase()}-${tag}@example.com`;
  const client = () => new Client(gateway);
  const people = { ada: client(), grace: client(), linus: client(), barbara: client(), edsger: client() };
  const ids = {
    ada: "",
    grace: "",
    linus: "",
    barbara: "",
    northwind: "",
    contoso: "",
    space: "",
    team: "",
    child: "",
  };

  /** Somebody registers a company of their own. */
  const register = async (client: Client, name: string, company: string) => {
    const email = addressOf(name);
    await client.post("/auth/register", { email, name, organization_name: `${company} ${tag}` }, 202);
    const token = await mailed(gateway, email, PROOF);
    const { user, organization, tokens } = await client.post("/auth/verify-email", { token, password }, 201);
    client.token = tokens.access_token;
    return { user: user.id as string, organization: organization.id as string };
  };
  const invite = async (name: string, role: string, message: string): Promise<string> => {
    const email = addressOf(name);
    const { id } = await people.ada.post("/invitations", { email, role, message }, 201);
    const link = await mailed(gateway, email, LINK);
    must(!JSON.stringify(await people.ada.get(`/invitations/${id}`, true)).includes(link), "the inviter sees the link");
    return link;
  };

  console.log(bold(`Kaizen Studio at ${gateway}/api/v1`));
  console.log(dim("Each request, and what was answered; tokens and secrets are shortened."));

  await story.step("Two companies: Ada's, and Linus's own", async () => {
    const northwind = await register(people.ada, "Ada", "Northwind");
    const contoso = await register(people.linus, "Linus", "Contoso");
    Object.assign(ids, { ada: northwind.user, northwind: northwind.organization });
    Object.assign(ids, { linus: contoso.user, contoso: contoso.organization });
    return "each is the owner of one, and sees nothing of the other";
  });

  await story.step("Ada turns on a second factor; her password alone opens nothing any more", async () => {
    const { secret } = await people.ada.post("/auth/me/mfa/totp", {}, 201);
    const app = new TOTP({ secret: Secret.fromBase32(secret) });
    const { recovery_codes } = await people.ada.post("/auth/me/mfa/totp/activate", { code: app.generate() }, 200);
    const again = new Client(gateway);
    const asked = await again.post("/auth/login", { email: addressOf("Ada"), password }, 200);
    must(asked.status === "mfa_required" && asked.tokens === undefined, "the password alone signs her in");
    await again.post("/auth/login/mfa", { challenge: asked.challenge, code: app.generate() }, 401);
    remark("A code works once: that one has turned the factor on. She takes a recovery code instead.");
    const signed = await again.post("/auth/login/mfa", { challenge: asked.challenge, code: recovery_codes[0] }, 200);
    people.ada.token = signed.tokens.access_token;
    const { recovery_codes_left } = await people.ada.get("/auth/me/mfa");
    return `${recovery_codes_left} recovery codes left`;
  });

  await story.step("Somebody new is invited by mail, and joins by its link", async () => {
    const token = await invite("Grace", "org_admin", "We could use your help.");
    const about = await people.grace.post("/invitations/look-up", { token }, 200);
    must(about.has_account === false && about.organization.id === ids.northwind, "the link is about something else");
    const joined = await people.grace.post("/auth/join", { token, name: "Grace", password }, 201);
    people.grace.token = joined.tokens.access_token;
    ids.grace = joined.user.id;
    await people.grace.post("/invitations/look-up", { token }, 404);
    return `role ${joined.role}; the link works once`;
  });

  await story.step("Somebody with a company of his own joins by signing in, and works in both", async () => {
    const token = await invite("Linus", "developer", "");
    await people.grace.post("/invitations/accept", { token }, 403);
    await people.linus.post("/invitations/accept", { token }, 200);
    const { items } = await people.linus.get("/auth/me/organizations");
    must(items.length === 2, `he belongs to ${items.length} organizations`);
    const made = await people.ada.post("/workspaces", { name: "Launch" }, 201);
    people.linus.organization = ids.northwind;
    await people.linus.get(`/workspaces/${made.id}`);
    people.linus.organization = undefined;
    await people.linus.call("GET", `/workspaces/${made.id}`, { expect: 404 });
    return "in each he sees only what is there";
  });

  await story.step("No seat is given twice: the plan has three", async () => {
    const { id } = await people.ada.post("/invitations", { email: addressOf("Hedy"), role: "viewer" }, 201);
    const token = await mailed(gateway, addressOf("Hedy"), LINK);
    const refused = await new Client(gateway).post("/auth/join", { token, name: "Hedy", password }, 402);
    must(refused.code === "quota_exceeded" && refused.limit === 3, "she got a seat that is not there");
    await people.ada.call("DELETE", `/invitations/${id}`, { expect: 204 });
    await new Client(gateway).post("/auth/join", { token, name: "Hedy", password }, 404);
    return "refused, then taken back: its link is dead";
  });

  await story.step("A team with a team below it; its lead adds a member", async () => {
    const team = await people.ada.post("/teams", { name: "Engineering" }, 201);
    const child = await people.ada.post("/teams", { name: "Platform", parent_id: team.id }, 201);
    Object.assign(ids, { team: team.id, child: child.id });
    people.linus.organization = ids.northwind;
    await people.linus.post(`/teams/${child.id}/members`, { user_id: ids.grace }, 403);
    await people.ada.post(`/teams/${team.id}/members`, { user_id: ids.linus, role: "lead" }, 201);
    await people.linus.post(`/teams/${child.id}/members`, { user_id: ids.grace }, 201);
    return "a lead of a team leads those below it";
  });

  await story.step("Grace leaves behind a workspace that she alone owns", async () => {
    const made = await people.grace.post("/workspaces", { name: "Grace's" }, 402);
    remark(`The plan's workspaces are used up: ${made.detail}`);
    const { items } = await people.ada.get("/workspaces?limit=100", true);
    ids.space = items[0].id;
    await people.ada.post(`/workspaces/${ids.space}/members`, { user_id: ids.grace, role: "owner" }, 201);
    await people.grace.call("DELETE", `/workspaces/${ids.space}/members/${ids.ada}`, { expect: 204 });
    return items[0].name;
  });

  await story.step("She is removed: refused on the very next request, and what she held is handed over", async () => {
    const began = Date.now();
    await people.ada.call("DELETE", `/users/${ids.grace}`, { expect: 202 });
    await people.grace.call("GET", "/workspaces", { expect: 403 });
    const removal = await until(
      "The end of her removal",
      async () => {
        const now = await people.ada.get(`/users/${ids.grace}/removal`, true);
        return now.workspaces_handed_over === 1 && now.teams_left === 1 ? now : undefined;
      },
      180,
    );
    const { items } = await people.ada.get(`/workspaces/${ids.space}/members`);
    must(items.length === 1 && items[0].user_id === ids.ada && items[0].role === "owner", "the workspace is nobody's");
    return `${removal.workspaces_left} workspace, ${removal.teams_left} team, after ${Math.round((Date.now() - began) / 1000)} s`;
  });

  await story.step("Linus leaves by himself, and keeps his own company; the last owner stays", async () => {
    await people.ada.post("/users/me/leave", { successor_id: ids.linus }, 409);
    await people.linus.post("/users/me/leave", { successor_id: ids.ada }, 202);
    await people.linus.call("GET", "/workspaces", { expect: 403 });
    people.linus.organization = undefined;
    const me = await people.linus.get("/auth/me");
    must(me.organization.id === ids.contoso, "he is nowhere");
    return "his own company is where he is";
  });

  const domain = `northwind-${tag}.example.org`;
  /** Somebody with an address of the company's domain joins by it. */
  const joinByAddress = async (client: Client, name: string) => {
    const email = `${name.toLowerCase()}@${domain}`;
    await client.post("/auth/register", { email, name }, 202);
    const proof = await mailed(gateway, email, PROOF);
    const joined = await client.post("/auth/join-domain", { token: proof, password }, 201);
    client.token = joined.tokens.access_token;
    return joined;
  };

  await story.step("Northwind proves its mail domain, and an employee joins by her address", async () => {
    const claimed = await people.ada.post("/domains", { domain }, 201);
    await people.ada.post(`/domains/${claimed.id}/verification-mail`, { mailbox: "postmaster" }, 202);
    const token = await mailed(gateway, `postmaster@${domain}`, DOMAIN_LINK);
    await new Client(gateway).post("/domains/confirm", { token }, 200);
    const opened = { auto_join: true, default_role: "developer" };
    await people.ada.call("PATCH", `/domains/${claimed.id}`, { body: opened, expect: 200 });
    const joined = await joinByAddress(people.barbara, "Barbara");
    ids.barbara = joined.user.id;
    const stranger = new Client(gateway);
    await stranger.post("/auth/register", { email: addressOf("Mallory"), name: "Mallory" }, 202);
    const other = await mailed(gateway, addressOf("Mallory"), PROOF);
    await stranger.post("/auth/join-domain", { token: other, password }, 404);
    return `${joined.role}, without an invitation; an address of another domain joins nobody`;
  });

  await story.step(
    "The company's directory pushes people and groups; a leaver's very next request is refused",
    async () => {
      const { token } = await people.ada.post("/scim/tokens", { name: "Directory" }, 201);
      const rules = { group_rules: [{ group: "Research", role: "operator" }] };
      await people.ada.call("PATCH", "/scim/settings", { body: rules, expect: 200 });
      const directory = new Client(gateway, "/scim/v2");
      directory.token = token;
      const { user } = await joinByAddress(people.edsger, "Edsger");
      const described = {
        schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
        userName: user.email,
        externalId: `e-${tag}`,
        title: "Researcher",
        active: true,
      };
      const { id } = await directory.post("/Users", described, 201);
      must(id === user.id, "somebody else was made");
      await directory.post("/Users", { ...described, userName: `grace@example.com`, externalId: "g" }, 400);
      await directory.post("/Groups", { displayName: "Research", members: [{ value: id }] }, 201);
      const { role } = await people.edsger.get("/auth/me");
      await people.edsger.get("/workspaces");
      const leaves = { Operations: [{ op: "replace", path: "active", value: false }] };
      await directory.call("PATCH", `/Users/${id}`, { body: leaves, expect: 200 });
      await people.edsger.call("GET", "/workspaces", { expect: 403 });
      // Suspended people keep their seat; who is deleted there is gone here.
      await directory.call("DELETE", `/Users/${id}`, { expect: 204 });
      return `${role} by his group; an address that is not the company's is nobody's to push`;
    },
  );

  await tellOfCompanySignIn(story, {
    gateway,
    owner: people.ada,
    member: people.barbara,
    owner_id: ids.ada,
    organization_id: ids.northwind,
    team_id: ids.team,
    domain,
  });

  await story.step("Ada hands the company over to Barbara, and leaves it", async () => {
    const path = `/organizations/${ids.northwind}/transfer`;
    await people.ada.post(path, { user_id: ids.barbara }, 201);
    await people.barbara.post(`${path}/accept`, {}, 200);
    await people.barbara.post(`${path}/accept`, {}, 409);
    await people.ada.post("/users/me/leave", { successor_id: ids.barbara }, 202);
    await people.ada.call("GET", "/workspaces", { expect: 403 });
    const { role } = await people.barbara.get("/auth/me");
    return `Barbara is ${role}; the transfer works once`;
  });

  await story.step("The company is deleted: all its requests stop; its owner takes it back", async () => {
    const path = `/organizations/${ids.northwind}`;
    const { slug } = await people.barbara.get(path);
    await people.barbara.call("DELETE", `${path}?confirm=${slug}`, { expect: 202 });
    await people.barbara.call("GET", "/workspaces", { expect: 403 });
    await people.barbara.post(`${path}/restore`, {}, 200);
    await people.barbara.get("/workspaces");
    return "for 30 days nothing is lost";
  });

  await tellOfOperators(story, {
    gateway,
    owner: people.barbara,
    organization_id: ids.northwind,
    register: async (client, name) => {
      await register(client, name, "Platform");
      return addressOf(name);
    },
  });

  await tellOfSaml(story, { gateway, owner: people.barbara, domain });

  await story.step("The audit trail tells it all", async () => {
    const entries = await people.barbara.all("/audit/logs");
    const actions = new Set(entries.map(({ action }: { action: string }) => action));
    const wanted = ["invitation.created", "invitation.accepted", "invitation.revoked", "membership.added"];
    const later = [
      "organization.ownership_transferred",
      "organization.deleted",
      "organization.restored",
      "organization.suspended",
      "operator_access.approved",
      "domain.verified",
      "sso.identity_linked",
      "sso.sign_in_refused",
      "sso.enforced",
      "sso.enforcement_ended",
    ];
    for (const action of [...wanted, "membership.removed", "team.member_added", "team.member_removed", ...later])
      must(actions.has(action), `${action} is missing`);
    return `${entries.length} entries`;
  });

  const calls = Object.values(people).reduce((total, one) => total + one.calls, 0);
  console.log(`\n${story.summary()}\n`);
  console.log(story.complete ? `Done: ${calls} calls.` : "The story did not come to its end.");
  return story.complete;
}
