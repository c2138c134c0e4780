import { createHash } from "node:crypto";
import type { FileAnswer } from "../../../shared/http/operation.ts";
import { type Refusal, refusals } from "../model.ts";

const STYLE =
  "body{font:1rem/1.6 system-ui,sans-serif;max-width:36rem;margin:4rem auto;padding:0 1rem;color:#222;background:#fff}" +
  "@media(prefers-color-scheme:dark){body{color:#ddd;background:#161616}}";

const POLICY = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** Why somebody was not let in. It says nothing of them: the same page for everybody with the same reason. */
export const refusalPage = (reason: Refusal): FileAnswer<"text/html; charset=utf-8"> => ({
  content_type: "text/html; charset=utf-8",
  content: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Not signed in · Kaizen Studio</title>
<style>${STYLE}</style>
</head>
<body>
<h1>You are not signed in</h1>
<p>${refusals[reason]}</p>
<p><small>${reason}</small></p>
</body>
</html>
`,
  headers: { "content-security-policy": POLICY, "referrer-policy": "no-referrer" },
});

export const refusalPath = (reason: Refusal): string => `/api/v1/sso/refused/${reason}`;
