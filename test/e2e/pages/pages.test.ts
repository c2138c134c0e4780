import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { sessionsOf } from "../../../functions/auth/sessions/store.ts";
import { audienceOf } from "../../../functions/sso/saml/model.ts";
import { platformIdentityItem } from "../../../functions/sso/store.ts";
import { sentMails } from "../../../local/mails.ts";
import { timestamp } from "../../../shared/clock.ts";
import { organizationItem, PLATFORM, sessionItem, userItem } from "../../../shared/identity/items.ts";
import { UNSET } from "../../../shared/identity/settings.ts";
import { type Company, eventually, registerCompany, unique } from "../../support/api.ts";
import { approvalLink, pendingApproval } from "../../support/approvals.ts";
import { chromiumPath, NO_BROWSER, newVisitor, startChromium, type Visitor } from "../../support/chromium.ts";
import { newDomain, provedBy } from "../../support/domains.ts";
import { invited } from "../../support/invitations.ts";
import { addMember } from "../../support/members.ts";
import { App } from "../../support/mfa.ts";
import { poolPage, startProvider } from "../../support/oidc-provider.ts";
import { startPlatformProvider } from "../../support/platform-providers.ts";
import { poolAcs } from "../../support/pool.ts";
import { startSamlProvider } from "../../support/saml-provider.ts";
import { stackTable } from "../../support/stack.ts";

const there = chromiumPath() !== undefined;
if (!there) console.warn(`The pages were not tried in a browser: ${NO_BROWSER}`);

const PASSWORD = "correct horse battery staple";
/** Names that read well, where pictures are made of an empty stack; else such as nobody else has. */
const named = (nice: string, unique: string): string => (process.env.KAIZEN_PICTURES === undefined ? unique : nice);
const origin = () => inject("stack").apiUrl;

/** The ways of somebody through providers that are everybody's are of a registration that is no more. */
async function registeredAnew(user_id: string): Promise<void> {
  const platform = stackTable().of(PLATFORM);
  for await (const { id } of platform.all(platformIdentityItem, { of: { user_id } }))
    await platform.transact([
      platform.writes.update(platformIdentityItem, { user_id, id }, { set: { registration: "another" } }),
    ]);
}

/** What the page says of who is signed in. */
const facts = async ({ page }: Visitor): Promise<Record<string, string>> =>
  Object.fromEntries(
    await Promise.all(
      ["user", "organization", "role"].map(async (name) => [
        name,
        await page.locator(`[data-fact=${name}]`).innerText(),
      ]),
    ),
  );

/** The newest link to one of the pages in a mail to an address. */
const linkTo = (path: string, address: string): Promise<string> =>
  eventually(async () => {
    const mails = await sentMails(inject("stack").endpoint);
    const link = new RegExp(`${origin()}${path}#[\\w=.-]*\\w`);
    return mails
      .filter(({ to }) => to.includes(address))
      .flatMap(({ text }) => link.exec(text) ?? [])
      .at(-1);
  }, `the mail to ${address} that leads to ${path}`);

/** As if somebody had proved who they are an hour ago. */
async function longAgo(user_id: string): Promise<void> {
  const table = stackTable();
  const user = await table.of(PLATFORM).get(userItem, { id: user_id });
  const proved_at = timestamp(new Date(Date.now() - 3_600_000));
  const { writes } = table.of(PLATFORM);
  for (const { sub, origin_jti } of await sessionsOf(table, user ?? { subs: [] }))
    await table.transact([writes.update(sessionItem, { sub, origin_jti }, { set: { proved_at } })]);
}

const GROUPS = { provisioning: true, group_rules: [{ group: "Engineering", role: "developer" }] };

async function connect(owner: Company, provider: object): Promise<void> {
  const connected = await owner.call("POST", "/sso/connections", { name: "Directory", provider, ...GROUPS });
  expect(connected.status, connected.text).toBe(201);
}

describe.skipIf(!there)("in a browser", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startChromium();
  });
  afterAll(() => browser?.close());

  /** Somebody before a browser of their own, who has nothing to complain about at the end but answers of these statuses. */
  async function visit(path: string, work: (visitor: Visitor) => Promise<void>, refused: number[] = []): Promise<void> {
    const visitor = await newVisitor(browser, { viewport: { width: 600, height: 500 } });
    await visitor.page.goto(path.startsWith("/") ? origin() + path : path);
    await work(visitor);
    expect(visitor.complaints).toEqual(refused.map((status) => expect.stringContaining(String(status))));
    await visitor.leave();
  }

  async function throughCompany({ page, send, press, picture }: Visitor, email: string): Promise<void> {
    await page.getByRole("button", { name: "Continue with Google" }).waitFor();
    await send({ "E-mail": email }, "Continue");
    // The first one who comes this way has a name that reads well.
    if (email.startsWith("ada@northwind")) await picture("sign-in");
    await press("Continue with your company");
  }

  async function byPassword({ send }: Visitor, email: string, password = PASSWORD): Promise<void> {
    await send({ "E-mail": email }, "Continue");
    await send({ Password: password }, "Sign in");
  }

  it("an employee signs in through the company's OpenID Connect provider; a stranger reads why not", async () => {
    const company = named("Northwind", unique("Company"));
    const owner = await registerCompany(company);
    const domain = named("northwind.example.org", newDomain());
    await provedBy(owner, domain);
    const provider = await startProvider(poolPage());
    const { issuer, client_id, client_secret } = provider;
    await connect(owner, { kind: "oidc", issuer, client_id, client_secret });

    const email = `${named("ada", unique("ada"))}@${domain}`;
    provider.signsIn({ sub: "ada", email, email_verified: true, name: "Ada", groups: '["Engineering"]' });
    await visit("/", async (ada) => {
      await throughCompany(ada, email);
      await ada.sees("You are signed in");
      await ada.picture("signed-in");
      expect(await facts(ada)).toEqual({ user: `Ada, ${email}`, organization: company, role: "developer" });
      // Neither the code nor the tokens stay behind.
      expect(ada.page.url()).toBe(`${origin()}/sign-in`);
      expect(await ada.page.evaluate("JSON.stringify({ ...sessionStorage })")).toBe("{}");
      expect(await ada.page.evaluate("Object.keys({ ...localStorage })")).toEqual(["kaizen.device"]);
    });

    provider.signsIn({ sub: "eve", email: "eve@elsewhere.example", email_verified: true });
    await visit("/sign-in", async (eve) => {
      await throughCompany(eve, `eve@${domain}`);
      await eve.sees("You are not signed in");
      await eve.page.getByText("has not proved that the domain of your e-mail address is its own").waitFor();
      await eve.page.getByRole("link", { name: "Sign in another way" }).click();
      await eve.sees("Sign in");
    });
    await provider.stop();
  });

  it("an employee signs in through the company's SAML provider", async () => {
    const company = unique("Company");
    const owner = await registerCompany(company);
    const domain = newDomain();
    await provedBy(owner, domain);
    const provider = await startSamlProvider(audienceOf(inject("stack").outputs.UserPoolId ?? ""), poolAcs());
    await connect(owner, { kind: "saml", metadata: provider.metadata });
    const email = `${unique("ada")}@${domain}`;
    provider.signsIn({ name_id: "ada", attributes: { email, name: "Ada", groups: "[Engineering]" } });
    await visit("/sign-in", async (ada) => {
      await throughCompany(ada, email);
      await ada.sees("You are signed in");
      expect(await facts(ada)).toEqual({ user: `Ada, ${email}`, organization: company, role: "developer" });
    });
    await provider.stop();
  });

  it("somebody signs in with Google from the sign-in page, and joins with Microsoft from the mail of an invitation", async () => {
    const owner = await registerCompany();
    const google = await startPlatformProvider("google");
    const domain = newDomain();
    const id = await provedBy(owner, domain);
    const lets = { auto_join: true, default_role: "developer" };
    expect((await owner.call("PATCH", `/domains/${id}`, lets)).status).toBe(200);
    const email = `${unique("ada")}@${domain}`;
    google.signsIn({ sub: email, email, email_verified: true, name: "Ada", hd: domain });
    await visit("/sign-in", async (ada) => {
      await ada.press("Continue with Google");
      await ada.sees("You are signed in");
      expect(await facts(ada)).toMatchObject({ user: `Ada, ${email}`, role: "developer" });
      expect(ada.page.url()).toBe(`${origin()}/sign-in`);
    });
    // Google says of this address only that a mail has come there.
    const evil = { sub: unique("evil"), email: owner.email, email_verified: true };
    google.signsIn(evil);
    await visit("/sign-in", async (eve) => {
      await eve.press("Continue with Google");
      await eve.sees("You are not signed in");
      await eve.page.getByText("does not prove that your e-mail address is yours").waitFor();
    });
    await google.stop();

    const microsoft = await startPlatformProvider("microsoft");
    // Whatever the address there, its owner links it, and signs in by it from then on.
    microsoft.signsIn({ sub: unique("own"), email: `${unique("other")}@elsewhere.example`, name: "Owner" });
    await visit(
      "/sign-in",
      async (person) => {
        await byPassword(person, owner.email, owner.password);
        await person.sees("You are signed in");
        await person.press("Link Microsoft");
        await person.sees("Link Microsoft");
        const opened = person.page.waitForEvent("popup");
        await person.page.getByRole("link", { name: "Open Microsoft in another tab" }).click();
        await (await opened).getByRole("heading", { name: "Go on in the other tab" }).waitFor();
        await person.sees("You are signed in");
        await person.page.locator("[data-fact=way]", { hasText: "Microsoft" }).waitFor();
        await person.press("Sign out");
        // The operator has registered anew, and Microsoft calls people otherwise: they may link it again.
        await registeredAnew(owner.user_id);
        await byPassword(person, owner.email, owner.password);
        await person.page.locator("[data-fact=way]", { hasText: "does not work at present" }).waitFor();
        await person.page.getByRole("button", { name: "Link Microsoft" }).waitFor();
        await person.press("Sign out");
        // The button stands beside the password too: who has none proves themselves anew by it.
        await person.send({ "E-mail": owner.email }, "Continue");
        await person.press("Continue with Microsoft");
        await person.sees("You are signed in");
        expect(await facts(person)).toMatchObject({ user: `Owner, ${owner.email}`, role: "owner" });
        await person.press("Unlink");
        await person.sees("Sign in");
      },
      [401, 401],
    );
    const guest = `${unique("lin")}@${newDomain()}`;
    const company = unique("Company");
    await invited(await registerCompany(company), guest, "viewer");
    microsoft.signsIn({ sub: guest, email: guest, name: "Lin", xms_edov: true });
    await visit(
      await linkTo("/invitation", guest),
      async (lin) => {
        await lin.sees(`Join ${company}`);
        await lin.press("Continue with Microsoft");
        await lin.sees("You are signed in");
        expect(await facts(lin)).toEqual({ user: `Lin, ${guest}`, organization: company, role: "viewer" });
      },
      // The link has been used by the sign-in itself.
      [404],
    );
    await microsoft.stop();
  });

  it("somebody registers, takes a second factor, signs in with it, and resets the password from the mail", async () => {
    const email = `${unique("grace")}@example.com`;
    let app = new App("");
    let recovery = "";
    await visit("/register", async (grace) => {
      await grace.send({ "Your name": "Grace", "E-mail": email, "Your organization": "Hopper" }, "Register");
      await grace.sees("Look into your mail");
    });
    await visit(await linkTo("/verify-email", email), async (grace) => {
      await grace.sees("Welcome to Kaizen Studio");
      expect(grace.page.url()).toBe(`${origin()}/verify-email`);
      await grace.send({ "New password": PASSWORD }, "Finish");
      await grace.sees("You are signed in");
      expect(await facts(grace)).toEqual({ user: `Grace, ${email}`, organization: "Hopper", role: "owner" });
      await grace.press("Turn it on");
      await grace.sees("Set up a second factor");
      app = new App(await grace.page.locator("main code").innerText());
      await grace.send({ "The code that it shows": app.code() }, "Turn it on");
      await grace.sees("Your recovery codes");
      recovery = await grace.page.locator("main code").first().innerText();
      await grace.press("I have kept them");
      await grace.sees("You are signed in");
      await grace.press("Sign out");
      await grace.sees("Sign in");
      await byPassword(grace, email);
      await grace.send({ Code: app.code() }, "Sign in");
      await grace.sees("You are signed in");
      await grace.press("Sign out");
      await grace.send({ "E-mail": email }, "Continue");
      await grace.press("No password, or forgotten?");
      await grace.press("Send the link");
      await grace.sees("Look into your mail");
    });
    await visit(await linkTo("/reset-password", email), async (grace) => {
      await grace.sees("Choose a new password");
      expect(grace.page.url()).toBe(`${origin()}/reset-password`);
      await grace.send({ "New password": "another long pass phrase" }, "Set the password");
      await grace.sees("Your password is set");
      await grace.press("Sign in");
      await byPassword(grace, email, "another long pass phrase");
      await grace.send({ Code: recovery }, "Sign in");
      await grace.sees("You are signed in");
    });
  });

  it("somebody joins two companies from the mails of their invitations, and works in one after the other", async () => {
    const [first, second] = [unique("First"), unique("Second")];
    const email = `${unique("lin")}@example.com`;
    await invited(await registerCompany(first), email, "developer");
    const link = await linkTo("/invitation", email);
    await visit(link, async (lin) => {
      await lin.sees(`Join ${first}`);
      await lin.send({ "Your name": "Lin", "New password": PASSWORD }, "Join");
      await lin.sees("You are signed in");
      expect(await facts(lin)).toEqual({ user: `Lin, ${email}`, organization: first, role: "developer" });
    });
    await invited(await registerCompany(second), email, "viewer");
    const next = await eventually(async () => {
      const newest = await linkTo("/invitation", email);
      return newest === link ? undefined : newest;
    }, "the second invitation");
    await visit(next, async (lin) => {
      await lin.sees(`Join ${second}`);
      await lin.press("Sign in to join");
      await lin.send({ Password: PASSWORD }, "Sign in");
      await lin.page.getByText(`You are signed in as ${email}.`).waitFor();
      await lin.press("Join");
      await lin.sees("You are signed in");
      expect(await facts(lin)).toEqual({ user: `Lin, ${email}`, organization: second, role: "viewer" });
      await lin.press("Work here");
      await lin.page.locator("[data-fact=organization]", { hasText: first }).waitFor();
      expect(await facts(lin)).toEqual({ user: `Lin, ${email}`, organization: first, role: "developer" });
    });
    const late = await newVisitor(browser);
    await late.page.goto(link);
    await late.sees("This link no longer works");
    // The browser writes down that it was refused, and nothing else.
    expect(late.complaints).toEqual([expect.stringContaining("404")]);
    await late.leave();
  });

  it("an invitation is taken along through the company, and waits for whoever comes back where it is another's", async () => {
    const [company, other] = [unique("Company"), unique("Other")];
    const owner = await registerCompany(company);
    const domain = newDomain();
    await provedBy(owner, domain);
    const provider = await startProvider(poolPage());
    const { issuer, client_id, client_secret } = provider;
    await connect(owner, { kind: "oidc", issuer, client_id, client_secret });
    const come = async (
      inviting: Company,
      to: string,
      then: (visitor: Visitor) => Promise<void>,
      refused: number[],
    ) => {
      const email = `${unique("mae")}@${domain}`;
      await invited(inviting, email, "developer");
      provider.signsIn({ sub: email, email, email_verified: true, name: "Mae" });
      const opened = async (mae: Visitor) => {
        await mae.sees(`Join ${to}`);
        await mae.press("Continue with your company");
        await then(mae);
        await mae.sees("You are signed in");
        expect(await facts(mae)).toEqual({ user: `Mae, ${email}`, organization: to, role: "developer" });
      };
      await visit(await linkTo("/invitation", email), opened, refused);
    };
    // The link has been used by the sign-in itself.
    await come(owner, company, async () => {}, [404]);
    const waits = async (mae: Visitor) => {
      await mae.page.getByText("You are signed in as").waitFor();
      await mae.sees(`Join ${other}`);
      await mae.press("Join");
    };
    await come(await registerCompany(other), other, waits, []);
    await provider.stop();
  });

  it("somebody confirms a new address, and takes an organization over, from the mails", async () => {
    const name = unique("Company");
    const owner = await registerCompany(name);
    const heir = await addMember(owner, "org_admin");
    const email = `${unique("new")}@example.com`;
    expect((await heir.call("POST", "/auth/me/email", { email })).status).toBe(202);
    const asked = { user_id: heir.user_id, former_role: "org_admin" };
    const path = `/organizations/${owner.organization_id}/transfer`;
    expect((await owner.call("POST", path, asked)).status).toBe(201);
    const transfer = await linkTo("/organization/transfer", heir.email);
    await visit(await linkTo("/confirm-email", email), async (person) => {
      await byPassword(person, heir.email, heir.password);
      await person.sees("Confirm your new address");
      await person.press("Use the new address");
      await person.sees("Your address is changed");
    });
    await visit(
      transfer,
      async (person) => {
        await byPassword(person, email, heir.password);
        await person.sees(`Take over ${name}`);
        await longAgo(heir.user_id);
        await person.press("Take it over");
        await person.page.getByText("this asks for a fresh proof").waitFor();
        await person.send({ Password: heir.password }, "Sign in");
        await person.sees(`Take over ${name}`);
        await person.press("Take it over");
        await person.sees("It is yours");
        await person.press("Go on");
        await person.sees("You are signed in");
        expect(await facts(person)).toMatchObject({ organization: name, role: "owner" });
      },
      [403],
    );
  });

  it("an approver decides by the link in a mail alone; where the organization asks for more, signed in", async () => {
    const name = named("Northwind Support", unique("Company"));
    const owner = await registerCompany(name);
    const ada = await addMember(owner, "org_admin");
    const [alone, more] = await Promise.all(
      [1, 2].map((required) =>
        pendingApproval(owner, {
          title: "Publish the answer",
          message: "Shall this answer go to the customer?",
          pipeline_name: "Answers to customers",
          payload: { inline: JSON.stringify({ answer: "<b>We are sorry.</b>", refund: { amount: 12.5 } }) },
          required,
          ...(required === 1 ? {} : { allow_self: true }),
        }),
      ),
    );
    if (alone === undefined || more === undefined) throw new Error("nobody was asked");
    const linkOf = async (approval: typeof alone) =>
      `/approvals/${approval.id}#organization_id=${owner.organization_id}&token=${await approvalLink(owner, approval, ada.user_id)}`;
    const link = await linkOf(alone);
    await visit(link, async (person) => {
      await person.sees("Publish the answer");
      expect(person.page.url()).toBe(`${origin()}/approvals/${alone.id}`);
      await person.page.getByText("Shall this answer go to the customer?").waitFor();
      expect(await person.page.locator("pre").innerText()).toContain('"answer": "<b>We are sorry.</b>"');
      await person.page.getByText(ada.email).waitFor();
      await person.picture("approval");
      await person.press("Reject");
      await person.page.getByRole("alert").filter({ hasText: "Say why you reject it." }).waitFor();
      await person.send({ Comment: "Too friendly." }, "Reject");
      await person.sees("You have rejected");
    });
    const seen = (await ada.call("GET", `/approvals/${alone.id}`)).body;
    expect([seen.status, seen.decisions[0].comment]).toEqual(["rejected", "Too friendly."]);
    await visit(link, (person) => person.sees("This link no longer works"), [404]);

    const strict = await linkOf(more);
    const settings = { ...UNSET, version: 1, security: { sign_in_methods: ["password" as const], require_mfa: true } };
    const { writes, table } = stackTable().of(owner.organization_id);
    await table.transact([writes.update(organizationItem, {}, { set: { settings } })]);
    await visit(
      strict,
      async (person) => {
        await person.page.getByText("This organization asks for a second factor").waitFor();
        await byPassword(person, ada.email, ada.password);
        await person.sees("Set up a second factor");
        const app = new App(await person.page.locator("main code").innerText());
        await person.send({ "The code that it shows": app.code() }, "Turn it on");
        await person.press("I have kept them");
        await person.sees("Publish the answer");
        await person.send({ Comment: "" }, "Approve");
        await person.sees("You have approved");
        await person.page.getByText("1 of 2 have approved.").waitFor();
      },
      [403],
    );
  });

  it("a wrong password is said as it is, and fits on a small screen, in German too", async () => {
    const locale = "de-DE";
    const person = await newVisitor(browser, { locale, colorScheme: "dark", viewport: { width: 320, height: 600 } });
    await person.page.goto(`${origin()}/sign-in`);
    await person.sees("Anmelden");
    await person.page.getByRole("button", { name: "Weiter mit Google" }).waitFor();
    await person.send({ "E-Mail": `${unique("nobody")}@example.com` }, "Weiter");
    await person.send({ Passwort: "not the right one" }, "Anmelden");
    await person.page.getByRole("alert").filter({ hasText: /./ }).waitFor();
    expect(await person.page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(320);
    expect(await person.page.evaluate("document.activeElement.name")).toBe("password");
    expect(person.complaints).toEqual([expect.stringContaining("401")]);
    await person.leave();
  });
});
