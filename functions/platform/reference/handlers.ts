import { notFound } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import type { FileAnswer } from "../../../shared/http/operation.ts";
import type { docsOperations } from "../operations.ts";
import { type DocsDeps, FOR_EVER, FOR_MINUTES } from "./deps.ts";
import { ERROR_POLICY, errorPage as errorHtml, REFERENCE_POLICY, referencePage } from "./pages.ts";

type Ops = typeof docsOperations;

const html = (content: string, policy: string): FileAnswer<"text/html; charset=utf-8"> => ({
  content_type: "text/html; charset=utf-8",
  content,
  headers: { "cache-control": FOR_MINUTES, "content-security-policy": policy, "referrer-policy": "no-referrer" },
});

export const reference: Handler<Ops["reference"], DocsDeps> = async (_call, { files }) =>
  html(referencePage(files.index), REFERENCE_POLICY);

export const referenceUnderApi: Handler<Ops["referenceUnderApi"], DocsDeps> = async (_call, { files }) =>
  html(referencePage(files.index), REFERENCE_POLICY);

export const referenceFile: Handler<Ops["referenceFile"], DocsDeps> = async (call, { files }) => {
  const { file } = call.path;
  if (file !== files.index.library && file !== files.index.start) throw notFound();
  return files.answer(file, "text/javascript; charset=utf-8", call.accept_encoding, FOR_EVER);
};

export const openApi: Handler<Ops["openApi"], DocsDeps> = async (call, { files }) =>
  files.answer(files.index.openapi, "application/json", call.accept_encoding, FOR_MINUTES);

export const listScopes: Handler<Ops["listScopes"], DocsDeps> = async (_call, { files }) => ({
  items: files.scopes(),
  next_cursor: null,
});

export const errorPage: Handler<Ops["errorPage"], DocsDeps> = async (call) =>
  html(errorHtml(call.path.code), ERROR_POLICY);
