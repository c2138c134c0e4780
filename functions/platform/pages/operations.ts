import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import { idSchema } from "../../../shared/ids.ts";

const page = {
  method: "GET",
  permission: "public",
  response: "file",
  success: 200,
  root: true,
  served_by: "docs",
  media_types: ["text/html; charset=utf-8"],
  errors: [],
} as const;

/** Programs that look at mails add parameters of their own to links; a page is shown all the same. */
const request = { query: z.looseObject({}) };

/** Pages for people: signing in, and what links in mails lead to. A page changes nothing before somebody presses a button. */
export const pageOperations = {
  home: operation({ ...page, id: "platform.home", path: "/", summary: "The page to sign in", request }),
  signIn: operation({
    ...page,
    id: "platform.sign_in",
    path: "/sign-in",
    summary: "The page to sign in",
    request,
  }),
  register: operation({
    ...page,
    id: "platform.register",
    path: "/register",
    summary: "The page to register",
    request,
  }),
  verifyEmail: operation({
    ...page,
    id: "platform.verify_email",
    path: "/verify-email",
    summary: "Where the mail of a registration leads",
    request,
  }),
  resetPassword: operation({
    ...page,
    id: "platform.reset_password",
    path: "/reset-password",
    summary: "Where the mail for a new password leads",
    request,
  }),
  confirmEmail: operation({
    ...page,
    id: "platform.confirm_email",
    path: "/confirm-email",
    summary: "Where the mail to a new address leads",
    request,
  }),
  invitation: operation({
    ...page,
    id: "platform.invitation",
    path: "/invitation",
    summary: "Where the mail of an invitation leads",
    request,
  }),
  domain: operation({
    ...page,
    id: "platform.domain",
    path: "/domain",
    summary: "Where the mail to a domain's mailbox leads",
    request,
  }),
  transfer: operation({
    ...page,
    id: "platform.transfer",
    path: "/organization/transfer",
    summary: "Where the mail about an organization's transfer leads",
    request,
  }),
  operatorAccess: operation({
    ...page,
    id: "platform.operator_access",
    path: "/operator-accesses/{access_id}",
    summary: "Where the mails about an operator's access lead",
    request: { ...request, path: z.object({ access_id: idSchema("operator_access") }) },
  }),
  approval: operation({
    ...page,
    id: "platform.approval",
    path: "/approvals/{approval_id}",
    summary: "Where the mails about an approval lead",
    request: { ...request, path: z.object({ approval_id: idSchema("approval") }) },
  }),
  pageFile: operation({
    ...page,
    id: "platform.page_file",
    path: "/sign-in/files/{file}",
    summary: "The script of the pages",
    request: { path: z.object({ file: z.string().max(100) }) },
    media_types: ["text/javascript; charset=utf-8"],
  }),
} as const;
