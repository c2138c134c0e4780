import { call, isSignedIn } from "./api.ts";
import type { Me, OwnIdentity, SignInProvider } from "./calls.ts";
import { action, el, link, paragraph, show, textButton } from "./dom.ts";
import { everybodys } from "./sign-in/everybodys.ts";
import { challengeOf, type Left, secret } from "./sign-in/provider.ts";
import { proved, signIn } from "./sign-in/sign-in.ts";
import { texts } from "./texts.ts";

/** Where the tab in which a provider was opened says what it came back with: to tabs of this origin only. */
const CHANNEL = "kaizen.link";
/** What a state begins with that is for a link. */
const LINK = "link.";

/** How somebody signs in, read at once. */
export interface Ways {
  readonly has_password: boolean;
  readonly items: readonly OwnIdentity[];
  readonly providers: readonly SignInProvider[];
}

export async function ways(): Promise<Ways> {
  const [own, providers] = await Promise.all([call("sso.list_own_identities"), everybodys()]);
  return { ...own, providers };
}

/** A part of a page: by what somebody signs in, and by what else they may. */
export function waysPart(
  me: Me,
  { has_password, items, providers }: Ways,
  left: Left,
  back: (me: Me) => Promise<void>,
): HTMLElement[] {
  const afterwards = async (): Promise<void> => back(await call("auth.me"));
  const title = (provider: string) => providers.find(({ id }) => id === provider)?.name ?? provider;
  const row = ({ id, provider, connection_name, email, active }: OwnIdentity): HTMLElement => {
    const unlink = async (): Promise<void> => {
      await call("sso.unlink_own_identity", { path: { sso_identity_id: id } });
      try {
        await afterwards();
      } catch (error) {
        // Whoever came by it is signed out with it.
        if (isSignedIn()) throw error;
        signIn({ left, done: back });
      }
    };
    const name = provider === null ? (connection_name ?? "") : title(provider);
    return el(
      "li",
      {},
      el(
        "span",
        { "data-fact": "way" },
        name,
        email !== null && el("small", {}, email),
        !active && el("small", {}, texts.ways.inactive),
      ),
      action(texts.ways.unlink, () => proved(me, left, unlink, back)),
    );
  };
  const more = providers.filter(({ id }) => !items.some(({ provider, active }) => active && provider === id));
  return [
    el("h2", {}, texts.ways.title),
    el("ul", { class: "rows" }, has_password && el("li", {}, el("span", {}, texts.password)), ...items.map(row)),
    ...more.map((provider) =>
      action(texts.ways.link(provider.name), () => proved(me, left, () => linkOne(provider, afterwards), back)),
    ),
  ];
}

/** Links a provider's sign-in. It is opened in another tab: the session is in this one's memory, and stays there. */
async function linkOne({ id, name }: SignInProvider, afterwards: () => Promise<void>): Promise<void> {
  const [verifier, state] = [secret(), LINK + secret()];
  const redirect_uri = `${location.origin}/sign-in`;
  const body = { provider: id, redirect_uri, state, code_challenge: await challengeOf(verifier) };
  const { url } = await call("sso.ask_link", { body });
  const channel = new BroadcastChannel(CHANNEL);
  const leave = async (): Promise<void> => {
    channel.close();
    await afterwards();
  };
  const alert = el("p", { role: "alert", class: "alert" });
  channel.addEventListener("message", ({ data }: MessageEvent<Readonly<Record<string, string>>>) => {
    if (data.state !== state) return;
    call("sso.finish_link", { body: { code: data.code, code_verifier: verifier } })
      .then(leave)
      .catch((error: Error) => {
        alert.textContent = error.message;
      });
  });
  const open = link(url, texts.ways.open(name));
  open.setAttribute("target", "_blank");
  show(
    texts.ways.link(name),
    paragraph(texts.ways.lead(name)),
    el("p", {}, open),
    alert,
    el(
      "p",
      { class: "foot" },
      textButton(texts.back, () => void leave()),
    ),
  );
}

/**
 * Tells the tab that has asked for a link what this one came back with. It is worth nothing without what that one has kept.
 * @returns whether it came back for one
 */
export function toldToTheOther(query: URLSearchParams): boolean {
  const state = query.get("state") ?? "";
  if (!state.startsWith(LINK)) return false;
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage({ state, code: query.get("code") ?? "" });
  channel.close();
  show(texts.ways.toldTitle, paragraph(texts.ways.told));
  return true;
}
