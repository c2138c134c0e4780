import { call } from "../api.ts";
import type { Me } from "../calls.ts";
import { action, paragraph, show } from "../dom.ts";
import { texts } from "../texts.ts";
import { done, type Place, signedIn, tokenOf, withToken } from "./place.ts";

/** Another address for an account, confirmed from the mail that went to it. */
export const confirmEmail = (place: Place): Promise<void> =>
  signedIn(place, texts.confirm.first, async ({ user }: Me) => {
    const confirm = async (): Promise<void> => {
      const work = call("auth.confirm_email", { body: { token: tokenOf(place) } });
      const changed = await withToken(texts.confirm.dead, work);
      if (changed !== undefined) done(texts.confirm.doneTitle, texts.confirm.done(changed.email));
    };
    show(texts.confirm.title, paragraph(texts.confirm.lead(user.email)), action(texts.confirm.action, confirm, ""));
  });
