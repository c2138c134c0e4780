import { call, closed } from "../api.ts";
import { form, paragraph, show } from "../dom.ts";
import { newPassword } from "../fields.ts";
import { texts } from "../texts.ts";
import { done, type Place, tokenOf, withToken } from "./place.ts";

/** A new password by the link in a mail; also the first one. */
export function resetPassword(place: Place): void {
  const token = tokenOf(place);
  show(
    texts.reset.title,
    paragraph(texts.reset.lead),
    form([newPassword()], texts.reset.action, async ({ password: new_password }) => {
      const set = call("auth.reset_password", { body: { token, new_password } }).then(() => true);
      if ((await withToken(texts.reset.dead, set)) === undefined) return;
      closed();
      done(texts.reset.doneTitle, texts.reset.done);
    }),
  );
}
