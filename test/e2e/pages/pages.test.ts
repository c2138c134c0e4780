import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { registerCompany, unique } from "../../support/api.ts";
import { chromiumPath, NO_BROWSER, newVisitor, startChromium, type Visitor } from "../../support/chromium.ts";
import { newDomain, provedBy } from "../../support/domains.ts";
import { poolPage, startProvider } from "../../support/oidc-provider.ts";

const there = chromiumPath() !== undefined;
if (!there) console.warn(`The pages were not tried in a browser: ${NO_BROWSER}`);

const origin = () => inject("stack").apiUrl;

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

describe.skipIf(!there)("in a browser", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startChromium();
  });
  afterAll(() => browser?.close());

  it("an employee signs in through the company's OpenID Connect provider; a stranger reads why not", async () => {
    const company = unique("Company");
    const owner = await registerCompany(company);
    const domain = newDomain();
    await provedBy(owner, domain);
    const provider = await startProvider(poolPage());
    const { issuer, client_id, client_secret } = provider;
    const connected = await owner.call("POST", "/sso/connections", {
      name: "Directory",
      provider: { kind: "oidc", issuer, client_id, client_secret },
      provisioning: true,
      group_rules: [{ group: "Engineering", role: "developer" }],
    });
    expect(connected.status, connected.text).toBe(201);

    const email = `${unique("ada")}@${domain}`;
    provider.signsIn({ sub: "ada", email, email_verified: true, name: "Ada", groups: '["Engineering"]' });
    const ada = await newVisitor(browser);
    await ada.page.goto(`${origin()}/`);
    await ada.send({ "E-mail": email }, "Continue");
    await ada.press("Continue with your company");
    await ada.sees("You are signed in");
    expect(await facts(ada)).toEqual({ user: `Ada, ${email}`, organization: company, role: "developer" });
    expect(ada.page.url()).toBe(`${origin()}/`);
    expect(ada.complaints).toEqual([]);
    await ada.leave();

    provider.signsIn({ sub: "eve", email: "eve@elsewhere.example", email_verified: true });
    const eve = await newVisitor(browser);
    await eve.page.goto(`${origin()}/sign-in`);
    await eve.send({ "E-mail": `eve@${domain}` }, "Continue");
    await eve.press("Continue with your company");
    await eve.sees("You are not signed in");
    await eve.page.getByText("has not proved that the domain of your e-mail address is its own").waitFor();
    await eve.page.getByRole("link", { name: "Sign in another way" }).click();
    await eve.sees("Sign in");
    expect(eve.complaints).toEqual([]);
    await eve.leave();
    await provider.stop();
  });
});
