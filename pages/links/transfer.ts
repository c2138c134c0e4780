import { call } from "../api.ts";
import type { Me } from "../calls.ts";
import { action, paragraph, show } from "../dom.ts";
import { proved } from "../sign-in/sign-in.ts";
import { texts } from "../texts.ts";
import { done, leftAt, organizationName, type Place, signedIn, withToken } from "./place.ts";

/** Somebody is asked to take an organization over. */
export const transfer = (place: Place): Promise<void> =>
  signedIn(place, texts.transfer.first, async (me: Me) => {
    const { user } = me;
    const organization_id = place.fragment.get("organization_id") ?? "";
    const there = { path: { organization_id }, organization_id };
    const asked = await withToken(texts.transfer.dead, call("organizations.get_transfer", there));
    if (asked === undefined) return;
    const name = await organizationName(organization_id);
    if (asked.status !== "pending" || asked.to_user_id !== user.id)
      return done(texts.transfer.title(name), texts.transfer.over);
    const accept = async (): Promise<void> => {
      await call("organizations.accept_transfer", there);
      done(texts.transfer.acceptedTitle, texts.transfer.accepted(name));
    };
    const decline = async (): Promise<void> => {
      await call("organizations.decline_transfer", there);
      done(texts.transfer.declinedTitle, texts.transfer.declined(name));
    };
    show(
      texts.transfer.title(name),
      paragraph(texts.transfer.lead(name)),
      action(texts.transfer.accept, () => proved(me, leftAt(place), accept, () => transfer(place)), ""),
      action(texts.transfer.decline, decline),
    );
  });
