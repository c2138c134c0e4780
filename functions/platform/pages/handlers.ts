import { notFound } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import type { FileAnswer } from "../../../shared/http/operation.ts";
import { type DocsDeps, FOR_EVER } from "../reference/deps.ts";
import type { pageOperations } from "./operations.ts";
import { PAGE_POLICY, shell } from "./shell.ts";

type Ops = typeof pageOperations;

/** Asked for again each time: it names the script, which may be another one after a deployment. */
const shown = async (_call: unknown, { files }: DocsDeps): Promise<FileAnswer<"text/html; charset=utf-8">> => ({
  content_type: "text/html; charset=utf-8",
  content: shell(files.index.pages),
  headers: {
    "cache-control": "no-cache",
    "content-security-policy": PAGE_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
  },
});

export const home: Handler<Ops["home"], DocsDeps> = shown;
export const signIn: Handler<Ops["signIn"], DocsDeps> = shown;
export const register: Handler<Ops["register"], DocsDeps> = shown;
export const verifyEmail: Handler<Ops["verifyEmail"], DocsDeps> = shown;
export const resetPassword: Handler<Ops["resetPassword"], DocsDeps> = shown;
export const confirmEmail: Handler<Ops["confirmEmail"], DocsDeps> = shown;
export const invitation: Handler<Ops["invitation"], DocsDeps> = shown;
export const domain: Handler<Ops["domain"], DocsDeps> = shown;
export const transfer: Handler<Ops["transfer"], DocsDeps> = shown;
export const operatorAccess: Handler<Ops["operatorAccess"], DocsDeps> = shown;
export const approval: Handler<Ops["approval"], DocsDeps> = shown;

export const pageFile: Handler<Ops["pageFile"], DocsDeps> = async (call, { files }) => {
  const { file } = call.path;
  if (file !== files.index.pages) throw notFound();
  return files.answer(file, "text/javascript; charset=utf-8", call.accept_encoding, FOR_EVER);
};
