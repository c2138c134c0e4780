import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import { emailSchema } from "../../../shared/http/schemas.ts";
import { userView } from "../model.ts";

/** Another e-mail for an account, proved before it counts. */
export const emailOperations = {
  changeEmail: operation({
    id: "auth.change_email",
    method: "POST",
    path: "/auth/me/email",
    summary: "Ask for another e-mail address",
    description:
      "Sends a token to the new address; `POST /auth/me/email/confirm` takes it, within a day. Nothing changes before. The answer is the same whether the address has an account or not.",
    permission: "authenticated",
    request: { body: z.strictObject({ email: emailSchema }) },
    response: z.object({ message: z.string() }),
    success: 202,
    errors: ["conflict"],
    location: "/auth/me/email/confirm",
    step_up: 10,
  }),
  confirmEmail: operation({
    id: "auth.confirm_email",
    method: "POST",
    path: "/auth/me/email/confirm",
    summary: "Prove the new e-mail address",
    description:
      "By the same user, with the token from the mail, which works once. From then on sign-ins and mails go by the new address; the old one gets a notice, and what was mailed to it works no more.",
    permission: "authenticated",
    request: { body: z.strictObject({ token: z.string().min(1).max(200) }) },
    response: userView,
    success: 200,
    errors: ["invalid_credentials", "already_exists"],
  }),
} as const;
