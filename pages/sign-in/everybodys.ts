import { call } from "../api.ts";
import type { SignInProvider } from "../calls.ts";
import { action, el } from "../dom.ts";
import { texts } from "../texts.ts";
import { type Left, leaveForProvider } from "./provider.ts";

let known: readonly SignInProvider[] | undefined;

/** The providers through which anybody may sign in, asked for once. */
export async function everybodys(): Promise<readonly SignInProvider[]> {
  known ??= (await call("sso.list_providers")).items;
  return known;
}

/**
 * Buttons for these providers. The page does not wait for them: they come when the API has said which there are, if any.
 * @param joins the organization of an invitation, for whoever has no account yet
 */
export function providerButtons(left: Left, joins?: string): HTMLElement {
  const to = (provider: string) => ({ provider, ...(joins === undefined ? {} : { joins }) });
  const button = ({ id, name }: SignInProvider) =>
    action(texts.signIn.provider(name), () => leaveForProvider(to(id), left));
  const buttons = el("div", {}, ...(known ?? []).map(button));
  // Without them there are the other ways.
  if (known === undefined)
    everybodys()
      .then((found) => buttons.append(...found.map(button)))
      .catch(() => {});
  return buttons;
}
