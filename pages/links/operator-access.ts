import { call } from "../api.ts";
import type { OperatorAccess } from "../calls.ts";
import { action, el, show } from "../dom.ts";
import { texts } from "../texts.ts";
import { type Place, signedIn, withToken } from "./place.ts";

/** What an operator of the platform may do in an organization, has done there, and a way to end it. */
export const operatorAccess = (place: Place): Promise<void> =>
  signedIn(place, texts.access.first, async () => {
    const organization_id = place.fragment.get("organization_id") ?? "";
    const there = { path: { access_id: place.path.split("/").at(-1) ?? "" }, organization_id };
    const shown = async (): Promise<void> => {
      const access = await withToken(texts.access.dead, call("operators.get_access_here", there));
      if (access === undefined) return;
      const end = async (): Promise<void> => {
        await call("operators.revoke_access_here", there);
        await shown();
      };
      show(
        texts.access.title,
        el("dl", {}, ...told(access)),
        ["pending", "active"].includes(access.status) && action(texts.access.end, end, ""),
      );
    };
    await shown();
  });

const told = ({ asked_by, reason, minutes, permissions, status, uses }: OperatorAccess): HTMLElement[] =>
  [
    [texts.access.who, asked_by.email],
    [texts.access.reason, reason],
    [texts.access.minutes, String(minutes)],
    [texts.access.gives, permissions.join(", ")],
    [texts.access.status, texts.access.statuses[status] ?? status],
    [texts.access.used, uses.map(({ operation }) => operation).join(", ") || texts.access.nothing],
  ].flatMap(([term = "", text = ""]) => [el("dt", {}, term), el("dd", {}, text)]);
