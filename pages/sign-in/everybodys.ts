import { call } from "../api.ts";
import { action, el } from "../dom.ts";
import { texts } from "../texts.ts";
import { type Left, leaveForProvider } from "./provider.ts";

/**
 * Buttons for the providers through which anybody may sign in. The page does not wait for them: they come when the API
 * has said which there are, if any.
 * @param joins the organization of an invitation, for whoever has no account yet
 */
export function providerButtons(left: Left, joins?: string): HTMLElement {
  const buttons = el("div", {});
  const shown = async () => {
    const { items } = await call("sso.list_providers");
    const to = (provider: string) => ({ provider, ...(joins === undefined ? {} : { joins }) });
    buttons.append(
      ...items.map(({ id, name }) => action(texts.signIn.provider(name), () => leaveForProvider(to(id), left))),
    );
  };
  // Without them there are the other ways.
  shown().catch(() => {});
  return buttons;
}
