import { createHash, randomBytes } from "node:crypto";
import { findRunning } from "../local/running.ts";
import { RedirectBrowser } from "../test/support/browser.ts";
import { type Employee, startProvider } from "../test/support/company-provider.ts";
import { startSamlProvider } from "../test/support/saml-provider.ts";
import { fromSignInPage } from "./browser.ts";
import { Client } from "./client.ts";
import { must, remark, type Story } from "./story.ts";

/** Where the story stands when the company connects its provider. */
export interface Company {
  readonly gateway: string;
  readonly owner: Client;
  /** A member who signs in with a password. */
  readonly member: Client;
  readonly owner_id: string;
  readonly organization_id: string;
  readonly team_id: string;
  /** A mail domain that the company has proved. */
  readonly domain: string;
}

/** What an app does that signs somebody in: it keeps a verifier, and shows it for the code that the browser brings. */
async function signIn(gateway: string, connection_id: string) {
  const code_verifier = randomBytes(32).toString("base64url");
  const code_challenge = createHash("sha256").update(code_verifier).digest("base64url");
  const redirect_uri = `${gateway}/signed-in`;
  const query = new URLSearchParams({ connection_id, redirect_uri, code_challenge });
  const end = await new RedirectBrowser().follow(`${gateway}/api/v1/sso/start?${query}`, redirect_uri);
  const code = new URL(end).searchParams.get("code");
  return { page: end, proof: code === null ? undefined : { code, code_verifier } };
}

/** The company's own provider: connected, tried, used and enforced. */
export async function tellOfCompanySignIn(story: Story, company: Company): Promise<void> {
  const { gateway, owner, member, domain, team_id, owner_id, organization_id } = company;
  const running = await findRunning();
  const pool = running?.aws_url.replace("127.0.0.1", "localhost");
  const provider = await startProvider(`${pool}/oauth2/idpresponse`);
  const hedy = `hedy@${domain}`;
  const employee: Employee = {
    sub: "hedy",
    email: hedy,
    email_verified: true,
    name: "Hedy",
    groups: '["Engineering"]',
  };
  const employed = new Client(gateway);
  let connection = "";

  await story.step("The company connects its OpenID Connect provider, and tries it before it is open", async () => {
    const { issuer, client_id, client_secret } = provider;
    const group_rules = [{ group: "Engineering", role: "developer", team_id }];
    const settings = {
      name: "Directory",
      provider: { kind: "oidc", issuer, client_id, client_secret },
      provisioning: true,
      group_rules,
    };
    const made = await owner.post("/sso/connections", settings, 201);
    connection = made.id;
    const path = `/sso/connections/${connection}`;
    await owner.call("PATCH", path, { body: { status: "inactive" }, expect: 200 });
    const trial = await owner.post(`${path}/trials`, undefined, 201);
    provider.signsIn(employee);
    const page = await new RedirectBrowser().follow(trial.url, `${gateway}/signed-in`);
    remark(`The browser shows ${new URL(page).pathname}`);
    const { result } = await owner.get(`${path}/trials/${trial.id}`);
    must(result.role === "developer" && result.enters_teams[0] === team_id, "her groups give her nothing");
    await owner.call("PATCH", path, { body: { status: "active" }, expect: 200 });
    return `${result.claims.name} would be ${result.outcome.replace("_", " ")} as ${result.role}`;
  });

  await story.step("An employee signs in through it, and is a developer in her team", async () => {
    provider.signsIn(employee);
    const { proof } = await signIn(gateway, connection);
    const { user, tokens } = await employed.post("/sso/token", proof, 200);
    employed.token = tokens.access_token;
    const { role } = await employed.get("/auth/me");
    const { items } = await owner.get(`/teams/${team_id}/members`);
    must(role === "developer", `she is ${role}`);
    must(
      items.some(({ user_id }: { user_id: string }) => user_id === user.id),
      "she is not in the team",
    );
    await employed.post("/sso/token", proof, 401);
    return `${user.email}, ${role}; the code works once`;
  });

  await story.step("The same from the sign-in page, in a browser", async () => {
    provider.signsIn(employee);
    const shown = await fromSignInPage(gateway, hedy);
    if (shown === undefined) return "no browser here";
    must(shown.role === "developer" && shown.text.includes(hedy), `the page shows ${shown.text}`);
    return `${hedy}, ${shown.role}`;
  });

  await story.step("Somebody with an address of another domain is not let in, and reads why", async () => {
    const stranger = { sub: "eve", email: "eve@elsewhere.example", email_verified: true, name: "Eve" };
    provider.signsIn(stranger);
    const { page, proof } = await signIn(gateway, connection);
    must(proof === undefined, "she got a code");
    const text = await (await fetch(page)).text();
    must(text.includes("has not proved"), "the page does not say why");
    remark(/<p>(.+?)<\/p>/.exec(text)?.[1] ?? "");
    provider.signsIn(stranger);
    const shown = await fromSignInPage(gateway, hedy);
    must(shown === undefined || shown.text.includes("has not proved"), "the page in the browser does not say why");
    return new URL(page).pathname.split("/").at(-1) ?? "";
  });

  await story.step("She enforces it: passwords are refused on the next request, but for her own", async () => {
    const path = `/organizations/${organization_id}/sso-enforcement`;
    await member.get("/workspaces");
    await owner.call("PUT", path, { body: { break_glass_user_id: owner_id }, expect: 200 });
    await member.call("GET", "/workspaces", { expect: 403 });
    await employed.get("/workspaces");
    await owner.get("/workspaces");
    const off = await owner.call("PATCH", `/sso/connections/${connection}`, {
      body: { status: "inactive" },
      expect: 409,
    });
    remark(off.body.detail);
    await owner.call("DELETE", path, { expect: 204 });
    await member.get("/workspaces");
    return "taken back; the last connection could not be turned off meanwhile";
  });

  await provider.stop();
}

/** The same with a provider that speaks SAML. */
export async function tellOfSaml(
  story: Story,
  { gateway, owner, domain }: Pick<Company, "gateway" | "owner" | "domain">,
): Promise<void> {
  await story.step("The company connects a SAML provider too, and an employee signs in through it", async () => {
    const { saml } = await owner.get("/sso/service-provider");
    const provider = await startSamlProvider(saml.audience, saml.redirect_url);
    try {
      const { id, provider: connected } = await owner.post(
        "/sso/connections",
        {
          name: "SAML directory",
          provider: { kind: "saml", metadata: provider.metadata },
          provisioning: true,
          group_rules: [{ group: "Engineering", role: "developer" }],
        },
        201,
      );
      const email = `margaret@${domain}`;
      const margaret = { name_id: "margaret", attributes: { email, name: "Margaret", groups: "[Engineering]" } };
      provider.signsIn(margaret);
      const { proof } = await signIn(gateway, id);
      const employed = new Client(gateway);
      const { tokens } = await employed.post("/sso/token", proof, 200);
      employed.token = tokens.access_token;
      const { role } = await employed.get("/auth/me");
      must(role === "developer", `she is ${role}`);
      // An address leads to the first of a company's connections that are on.
      for (const other of (await owner.get("/sso/connections")).items)
        if (other.id !== id && other.status === "active")
          await owner.call("PATCH", `/sso/connections/${other.id}`, { body: { status: "inactive" }, expect: 200 });
      provider.signsIn(margaret);
      const shown = await fromSignInPage(gateway, email);
      must(shown === undefined || shown.role === "developer", `the page shows ${shown?.text}`);
      return `${email}, ${role}; its certificate is good until ${connected.certificates_expire_at.slice(0, 10)}`;
    } finally {
      await provider.stop();
    }
  });
}
