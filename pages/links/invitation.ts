import { account } from "../account.ts";
import { call, isSignedIn, opened } from "../api.ts";
import type { InvitationFacts, Me } from "../calls.ts";
import { action, el, form, paragraph, show } from "../dom.ts";
import { addressField, nameField, newPassword, roleName } from "../fields.ts";
import { providerButtons } from "../sign-in/everybodys.ts";
import { leaveForProvider } from "../sign-in/provider.ts";
import { goOn, signIn } from "../sign-in/sign-in.ts";
import { language, texts } from "../texts.ts";
import { HOME, leftAt, type Place, tokenOf, withToken } from "./place.ts";

/** An invitation: what it is, and a way to join for whoever is new and for whoever has an account. */
export async function invitation(place: Place): Promise<void> {
  const token = tokenOf(place);
  const lookedUp = call("invitations.look_up", { body: { token } });
  // Whoever comes back from the company's provider may have joined by it already.
  const about = await withToken(texts.invitation.dead, lookedUp, isSignedIn() ? () => goOn(HOME) : undefined);
  if (about === undefined) return;
  const joins = (me: Me) => join(place, about, me);
  if (isSignedIn()) return goOn({ done: joins });
  const title = texts.invitation.title(about.organization.name);
  if (!about.has_account) return asNew(title, place, about);
  const first = () => signIn({ left: leftAt(place), email: about.email, lead: texts.invitation.first, done: joins });
  show(title, ...told(about), action(texts.invitation.signIn, first, ""));
}

const told = ({ invited_by, role, message, email }: InvitationFacts): HTMLElement[] => [
  paragraph(texts.invitation.lead(invited_by ?? texts.invitation.somebody, email, roleName(role))),
  ...(message === "" ? [] : [el("blockquote", {}, message)]),
];

function asNew(title: string, place: Place, about: InvitationFacts): void {
  show(
    title,
    ...told(about),
    form([nameField(), addressField(about.email), newPassword()], texts.invitation.join, async ({ name, password }) => {
      const work = call("auth.join", { body: { token: tokenOf(place), name, password, language } });
      const joined = await withToken(texts.invitation.dead, work);
      if (joined === undefined) return;
      opened(joined);
      await goOn({ done: account });
    }),
    el("p", { class: "or" }, texts.or),
    // Where it is the inviting one's, signing in takes the invitation along; else it waits here.
    action(texts.signIn.company, () => leaveForProvider({ email: about.email }, leftAt(place))),
    providerButtons(leftAt(place), about.organization.id),
  );
}

function join(place: Place, about: InvitationFacts, { user }: Me): Promise<void> {
  show(
    texts.invitation.title(about.organization.name),
    ...told(about),
    paragraph(texts.invitation.as(user.email)),
    action(
      texts.invitation.join,
      async () => {
        const work = call("invitations.accept", { body: { token: tokenOf(place) } });
        const joined = await withToken(texts.invitation.dead, work);
        if (joined === undefined) return;
        await call("auth.switch_organization", { body: { organization_id: joined.organization.id } });
        await account(await call("auth.me"));
      },
      "",
    ),
  );
  return Promise.resolve();
}
