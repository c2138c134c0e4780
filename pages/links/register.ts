import { account } from "../account.ts";
import { call, opened } from "../api.ts";
import { action, el, form, link, paragraph, show } from "../dom.ts";
import { addressField, nameField, newPassword, roleName } from "../fields.ts";
import { goOn } from "../sign-in/sign-in.ts";
import { language, texts } from "../texts.ts";
import { type Place, tokenOf, withToken } from "./place.ts";

/** Somebody new, with an organization of their own or to join that of their company. */
export function register(): void {
  show(
    texts.register.title,
    form(
      [
        nameField(),
        addressField(),
        {
          name: "organization_name",
          label: texts.register.organization,
          autocomplete: "organization",
          optional: true,
          hint: texts.register.organizationHint,
        },
      ],
      texts.register.action,
      async ({ name, email, organization_name }) => {
        const named = organization_name === "" ? {} : { organization_name };
        const { registration_id } = await call("auth.register", { body: { name, email, language, ...named } });
        sent(registration_id);
      },
    ),
    el("p", { class: "foot" }, texts.register.known, " ", link("/sign-in", texts.signIn.action)),
  );
}

function sent(registration_id: string): void {
  show(
    texts.forgotten.sentTitle,
    paragraph(texts.register.sent),
    action(texts.register.again, async () => {
      await call("auth.resend_verification", { path: { registration_id } });
      sent(registration_id);
    }),
  );
}

/** What the mail of a registration leads to: proves the address, and founds or joins an organization. */
export async function verifyEmail(place: Place): Promise<void> {
  const token = tokenOf(place);
  const about = await withToken(texts.register.dead, call("auth.look_up_registration", { body: { token } }));
  if (about === undefined) return;
  const { email, organization_name, join } = about;
  const found = () => choosePassword("auth.verify_email", email, token, organization_name ?? texts.register.yours);
  if (join === null) return found();
  const { organization, role } = join;
  show(
    texts.register.welcome,
    paragraph(texts.register.choice(organization.name)),
    action(
      texts.register.join(organization.name, roleName(role)),
      () => choosePassword("auth.join_domain", email, token, organization.name),
      "",
    ),
    action(texts.register.found, found),
  );
}

function choosePassword(
  id: "auth.verify_email" | "auth.join_domain",
  email: string,
  token: string,
  name: string,
): void {
  show(
    texts.register.welcome,
    paragraph(texts.register.choosePassword(name)),
    form([addressField(email), newPassword()], texts.register.finish, async ({ password }) => {
      const answer = await withToken(texts.register.dead, call(id, { body: { token, password } }));
      if (answer === undefined) return;
      opened(answer);
      await goOn({ done: account });
    }),
  );
}
