import { chromiumPath, NO_BROWSER, newVisitor, startChromium } from "../test/support/chromium.ts";
import { must, remark } from "./story.ts";

/** What the page shows at the end: who is signed in as what, or why not. */
export interface Shown {
  readonly heading: string;
  /** Of who is signed in. */
  readonly role: string | undefined;
  readonly text: string;
}

/**
 * Somebody opens the deployment's sign-in page in a real browser, gives an address and goes on with their company.
 * @returns what they see then; undefined where there is no browser, which is said
 */
export async function fromSignInPage(gateway: string, email: string): Promise<Shown | undefined> {
  if (chromiumPath() === undefined) {
    remark(`Not played in a browser: ${NO_BROWSER}.`);
    return undefined;
  }
  const browser = await startChromium();
  try {
    const { page, complaints, send, press } = await newVisitor(browser);
    await page.goto(`${gateway}/sign-in`);
    await send({ "E-mail": email }, "Continue");
    await press("Continue with your company");
    const end = page.getByRole("heading", { name: /^You are (?:not )?signed in$/, level: 1 });
    const heading = await end.innerText();
    const signedIn = heading === "You are signed in";
    const role = signedIn ? await page.locator("[data-fact=role]").innerText() : undefined;
    must(complaints.length === 0, `the browser complains: ${complaints.join("; ")}`);
    remark(`In Chromium, at ${new URL(page.url()).pathname}: "${heading}"`);
    return { heading, role, text: await page.locator("body").innerText() };
  } finally {
    await browser.close();
  }
}
