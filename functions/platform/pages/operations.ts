import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";

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
const query = z.looseObject({});

/** Pages for people: signing in, and what links in mails lead to. A page changes nothing before somebody presses a button. */
export const pageOperations = {
  home: operation({ ...page, id: "platform.home", path: "/", summary: "The page to sign in", request: { query } }),
  signIn: operation({
    ...page,
    id: "platform.sign_in",
    path: "/sign-in",
    summary: "The page to sign in",
    request: { query },
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
