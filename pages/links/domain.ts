import { call } from "../api.ts";
import { action, paragraph, show } from "../dom.ts";
import { texts } from "../texts.ts";
import { type Place, tokenOf, withToken } from "./place.ts";

/** Whoever reads a domain's mailbox says that it is the organization's. */
export function domain(place: Place): void {
  const confirm = async (): Promise<void> => {
    const proved = await withToken(texts.domain.dead, call("domains.confirm", { body: { token: tokenOf(place) } }));
    if (proved !== undefined) show(texts.domain.doneTitle, paragraph(texts.domain.done(proved.domain)));
  };
  show(texts.domain.title, paragraph(texts.domain.lead), action(texts.domain.action, confirm, ""));
}
