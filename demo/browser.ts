import { chromiumPath, NO_BROWSER, newVisitor, startChromium } from "../test/support/chromium.ts";
import { Client } from "./client.ts";
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

/**
 * Somebody opens an approval's link in a real browser, reads what it is about and approves; without a browser the page's
 * two calls are made as it would make them.
 * @param link path and fragment, as the mail has them
 */
export async function approveFromMail(gateway: string, link: string): Promise<void> {
  if (chromiumPath() === undefined) {
    remark(`Not played in a browser: ${NO_BROWSER}.`);
    const token = new URLSearchParams(link.split("#")[1]).get("token");
    const client = new Client(gateway);
    await client.post("/approvals/look-up", { token }, 200);
    await client.post("/approvals/decide-by-link", { token, decision: "approved", comment: "Fine." }, 200);
    return;
  }
  const browser = await startChromium();
  try {
    const { page, complaints, send, sees } = await newVisitor(browser);
    await page.goto(`${gateway}${link}`);
    await page.getByRole("button", { name: "Approve" }).waitFor();
    remark(`In Chromium, at ${new URL(page.url()).pathname}: ${await page.locator("blockquote").innerText()}`);
    await send({ Comment: "Fine." }, "Approve");
    await sees("You have approved");
    must(complaints.length === 0, `the browser complains: ${complaints.join("; ")}`);
  } finally {
    await browser.close();
  }
}
