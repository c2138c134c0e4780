import { call, closed } from "./api.ts";
import type { Me, Membership, Session } from "./calls.ts";
import { action, el, link, paragraph, show } from "./dom.ts";
import { roleName } from "./fields.ts";
import { enrol } from "./sign-in/enrol.ts";
import { proved, signIn } from "./sign-in/sign-in.ts";
import { language, texts } from "./texts.ts";
import { ways, waysPart } from "./ways.ts";

const HOME = { path: "/sign-in", fragment: "" };

const again = async (): Promise<void> => account(await call("auth.me"));

/** All organizations somebody works in, page after page. */
export async function organizations(): Promise<readonly Membership[]> {
  const found: Membership[] = [];
  for (let next: string | null = ""; next !== null; ) {
    const query: Record<string, string> = next === "" ? {} : { cursor: next };
    const { items, next_cursor } = await call("auth.list_my_organizations", { query });
    found.push(...items.filter(({ membership_status }) => membership_status === "active"));
    next = next_cursor;
  }
  return found;
}

/** Who is signed in, where they work, and from where else they are signed in. */
export async function account(me: Me): Promise<void> {
  const [mine, { items: sessions }, mfa, signs] = await Promise.all([
    organizations(),
    call("auth.list_sessions"),
    call("auth.get_mfa"),
    ways(),
  ]);
  const here = me.organization;
  show(
    texts.account.title,
    el(
      "dl",
      {},
      el("dt", {}, texts.account.you),
      el("dd", { "data-fact": "user" }, `${me.user.name}, ${me.user.email}`),
      el("dt", {}, texts.account.organization),
      el("dd", { "data-fact": "organization" }, here?.name ?? texts.account.nowhere),
      ...(me.role === null
        ? []
        : [el("dt", {}, texts.account.role), el("dd", { "data-fact": "role" }, roleName(me.role))]),
    ),
    me.refusal !== null && refused(me.refusal),
    ...elsewhere(mine, here?.id),
    el("h2", {}, texts.account.sessions),
    el("ul", { class: "rows" }, ...sessions.map(row)),
    sessions.length > 1 &&
      action(texts.account.endOthers, async () => {
        await call("auth.sign_out_others");
        await again();
      }),
    ...waysPart(me, signs, HOME, account),
    el("h2", {}, texts.account.factor),
    paragraph(mfa.enabled ? texts.account.factorOn : texts.account.factorOff),
    !mfa.enabled &&
      action(texts.account.turnOn, () => proved(me, HOME, () => enrol(texts.account.whyFactor, again), account)),
    el("h2", {}, texts.account.more),
    el("p", {}, link("/docs", texts.account.reference)),
    action(texts.account.signOut, async () => {
      await call("auth.logout");
      closed();
      signIn({ left: HOME, done: account });
    }),
  );
}

const refused = (code: string): HTMLElement =>
  el(
    "p",
    { class: "alert", role: "alert" },
    code === "sign_in_method_not_allowed" ? texts.account.otherWay : texts.account.refused,
    " ",
    link(`/api/v1/errors/${code}`, texts.account.why),
  );

function elsewhere(mine: readonly Membership[], here: string | undefined): HTMLElement[] {
  const others = mine.filter(({ id, status }) => id !== here && status === "active");
  if (others.length === 0) return [];
  const switched = async (organization_id: string): Promise<void> => {
    await call("auth.switch_organization", { body: { organization_id } });
    await again();
  };
  return [
    el("h2", {}, texts.account.others),
    el(
      "ul",
      { class: "rows" },
      ...others.map(({ id, name }) =>
        el(
          "li",
          {},
          el("span", {}, name),
          action(texts.account.work, () => switched(id)),
        ),
      ),
    ),
  ];
}

/** A place as people call it, in their language. */
function placeName({ country, city }: NonNullable<Session["place"]>): string {
  const name = new Intl.DisplayNames(language, { type: "region" }).of(country) ?? country;
  return city === null ? name : `${city}, ${name}`;
}

function row({ id, device, ip, place, last_seen_at, current }: Session): HTMLElement {
  const seen = current ? texts.account.current : `${texts.account.seen} ${new Date(last_seen_at).toLocaleString()}`;
  const end = async (): Promise<void> => {
    await call("auth.end_session", { path: { session_id: id } });
    await again();
  };
  return el(
    "li",
    {},
    el("span", {}, device, el("small", {}, [ip, ...(place === null ? [] : [placeName(place)]), seen].join(" · "))),
    !current && action(texts.account.end, end),
  );
}
