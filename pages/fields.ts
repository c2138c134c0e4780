import type { Field } from "./dom.ts";
import { texts } from "./texts.ts";

/** The shortest password that the API takes. */
const SHORTEST_PASSWORD = 12;

export const newPassword = (): Field => ({
  name: "password",
  label: texts.newPassword,
  type: "password",
  autocomplete: "new-password",
  minlength: SHORTEST_PASSWORD,
  hint: texts.passwordHint,
});

/** Whose account it is, for password managers too; fixed where it is known. */
export const addressField = (email?: string): Field => ({
  name: "email",
  label: texts.email,
  type: "email",
  autocomplete: "username",
  ...(email === undefined ? {} : { value: email, readonly: true }),
});

export const nameField = (): Field => ({ name: "name", label: texts.name, autocomplete: "name" });

/** A role as people say it: `org_owner` is an owner. */
export const roleName = (role: string): string => role.replace(/^org_/, "").replaceAll("_", " ");
