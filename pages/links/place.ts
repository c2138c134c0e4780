import { account, organizations } from "../account.ts";
import { isSignedIn, Refusal } from "../api.ts";
import type { Arrival } from "../arrival.ts";
import type { Me } from "../calls.ts";
import { action, paragraph, show } from "../dom.ts";
import { type Goal, goOn, signIn } from "../sign-in/sign-in.ts";
import { texts } from "../texts.ts";

/** Where somebody is: an address of ours, and what it brought. */
export type Place = Pick<Arrival, "path" | "fragment">;

export const tokenOf = ({ fragment }: Place): string => fragment.get("token") ?? "";

export const leftAt = ({ path, fragment }: Place): Goal["left"] => ({ path, fragment: fragment.toString() });

/** Signing in for its own sake. */
export const HOME: Goal = { left: { path: "/sign-in", fragment: "" }, done: account };

/** To the page to sign in, or to the account where somebody is signed in. */
export function home(goal: Partial<Goal> = {}): void {
  history.replaceState(null, "", HOME.left.path);
  if (isSignedIn()) void goOn(HOME);
  else signIn({ ...HOME, ...goal });
}

/** Goes on with whoever is signed in, or signs in first. */
export const signedIn = async (place: Place, lead: string, done: (me: Me) => Promise<void>): Promise<void> => {
  if (isSignedIn()) await goOn({ done });
  else signIn({ left: leftAt(place), lead, done });
};

/** What somebody sees whose link was used, is old, or never was one: no more is told. */
export function deadLink(what: string): void {
  show(
    texts.links.deadTitle,
    paragraph(texts.links.dead),
    paragraph(what),
    action(texts.links.goOn, () => home(), ""),
  );
}

/**
 * Does what needs the link's token; shows in its place that the link is dead where the API takes it no more.
 * @param dead what comes then instead
 */
export async function withToken<T>(
  what: string,
  work: Promise<T>,
  dead: () => Promise<void> | void = () => deadLink(what),
): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof Refusal && ["invalid_credentials", "not_found"].includes(error.code))) throw error;
    await dead();
    return undefined;
  }
}

/** A screen that tells that something is done, and leads on. */
export function done(title: string, text: string, goal: Partial<Goal> = {}): void {
  show(
    title,
    paragraph(text),
    action(isSignedIn() ? texts.links.goOn : texts.signIn.action, () => home(goal), ""),
  );
}

/** The name of one of the organizations of whoever is signed in. */
export const organizationName = async (id: string): Promise<string> =>
  (await organizations()).find((one) => one.id === id)?.name ?? texts.account.organization;
