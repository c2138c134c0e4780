/** What a session was opened with, as people call it: `Firefox on macOS`. What names itself by its own name keeps it. */
export async function deviceOf(user_agent: string): Promise<string> {
  if (user_agent === "") return "Unknown";
  const { default: Bowser } = await import("./lazy/bowser.ts");
  const { browser, os } = Bowser.parse(user_agent);
  const program =
    browser.name === undefined || browser.name === "" ? (user_agent.split(/[/ ]/, 1)[0] ?? "") : browser.name;
  return os.name === undefined || os.name === "" ? program : `${program} on ${os.name}`;
}
