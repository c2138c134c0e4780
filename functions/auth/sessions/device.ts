/**
 * What a session was opened with, as people call it: `Firefox on macOS`. Of a program that is not known by name only one
 * short word is shown, letters, digits and dashes: whoever signs in says it, and it stands in a mail that warns of them.
 */
export async function deviceOf(user_agent: string): Promise<string> {
  const { default: Bowser } = await import("./lazy/bowser.ts");
  const { browser, os } = user_agent === "" ? { browser: {}, os: {} } : Bowser.parse(user_agent);
  const known = (names: Readonly<Record<string, string>>, name: string | undefined) =>
    name !== undefined && Object.values(names).includes(name) ? name : undefined;
  const program = known(Bowser.BROWSER_MAP, browser.name) ?? /^[A-Za-z\d-]{1,30}(?=[/ ]|$)/.exec(user_agent)?.[0];
  const system = known(Bowser.OS_MAP, os.name);
  return [program ?? "Unknown", ...(system === undefined ? [] : [system])].join(" on ");
}
