import { existsSync } from "node:fs";
import { type Browser, chromium, type Locator, type Page } from "playwright-core";

const USUAL = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** Where there is a Chromium or Chrome; undefined where none is. Nothing is downloaded. */
export const chromiumPath = (): string | undefined => process.env.CHROMIUM_PATH ?? USUAL.find(existsSync);

/** What is said where no browser is. */
export const NO_BROWSER = "no Chromium was found: name one in CHROMIUM_PATH";

/** A browser without a window. Whoever runs as root, as in most containers, has no sandbox. */
export const startChromium = (): Promise<Browser> =>
  chromium.launch({
    executablePath: chromiumPath() ?? "",
    chromiumSandbox: process.getuid?.() !== 0,
    args: ["--no-proxy-server"],
  });

/** Somebody before a browser of their own: nothing is kept from others. */
export interface Visitor {
  readonly page: Page;
  /** What the browser has complained about: errors and warnings of its console, and of scripts. */
  readonly complaints: readonly string[];
  field(label: string | RegExp): Locator;
  /** Fills fields by their labels, then presses a button. */
  send(fields: Readonly<Record<string, string>>, button: string): Promise<void>;
  press(button: string): Promise<void>;
  /** Waits for a page of this heading. */
  sees(heading: string): Promise<void>;
  /** Writes down what is seen, for docs/, where `KAIZEN_PICTURES` names a folder. */
  picture(name: string): Promise<void>;
  leave(): Promise<void>;
}

/** @param look what the browser says of itself; English and light when nothing is given */
export async function newVisitor(browser: Browser, look: Parameters<Browser["newContext"]>[0] = {}): Promise<Visitor> {
  const context = await browser.newContext({ locale: "en-US", ...look });
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(`${message.text()} (${page.url()})`);
  });
  page.on("pageerror", (error) => complaints.push(`${error.stack ?? error.message}`));
  const field = (label: string | RegExp) => page.getByLabel(label, { exact: true });
  const press = (button: string) => page.getByRole("button", { name: button, exact: true }).click();
  return {
    page,
    complaints,
    field,
    press,
    async send(fields, button) {
      for (const [label, value] of Object.entries(fields)) await field(label).fill(value);
      await press(button);
    },
    async sees(heading) {
      const there = page.getByRole("heading", { name: heading, exact: true, level: 1 }).waitFor();
      await there.catch(async () => {
        throw new Error(`instead of "${heading}" ${page.url()} shows: ${await page.locator("body").innerText()}`);
      });
    },
    async picture(name) {
      const folder = process.env.KAIZEN_PICTURES;
      if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
    },
    leave: () => context.close(),
  };
}
