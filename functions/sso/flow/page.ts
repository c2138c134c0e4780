import { createHash } from "node:crypto";
import type { FileAnswer } from "../../../shared/http/operation.ts";
import { type Refusal, refusals } from "../model.ts";

const STYLE =
  "body{font:1rem/1.6 system-ui,sans-serif;max-width:36rem;margin:4rem auto;padding:0 1rem;color:#222;background:#fff}" +
  "dt{font-weight:600;margin-top:.75rem}dd{margin:0;overflow-wrap:anywhere}" +
  "@media(prefers-color-scheme:dark){body{color:#ddd;background:#161616}}";

const POLICY = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A text as it stands in a page. */
export const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);

/**
 * A page of this room: no script, no picture, nothing of anybody else's.
 * @param body HTML whose texts are escaped
 */
export const page = (title: string, body: string): FileAnswer<"text/html; charset=utf-8"> => ({
  content_type: "text/html; charset=utf-8",
  content: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)} · Kaizen Studio</title>
<style>${STYLE}</style>
</head>
<body>
${body}
</body>
</html>
`,
  headers: { "content-security-policy": POLICY, "referrer-policy": "no-referrer" },
});

/** Why somebody was not let in. It says nothing of them: the same page for everybody with the same reason. */
export const refusalPage = (reason: Refusal): FileAnswer<"text/html; charset=utf-8"> =>
  page(
    "Not signed in",
    `<h1>You are not signed in</h1>\n<p>${escaped(refusals[reason])}</p>\n<p><a href="/sign-in">Sign in another way</a></p>\n<p><small>${reason}</small></p>`,
  );

export const refusalPath = (reason: Refusal): string => `/api/v1/sso/refused/${reason}`;
