import { createHash } from "node:crypto";
import { type ErrorCode, errorCodes } from "../../../shared/errors.ts";

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** Where the reference page finds its scripts; their names change with their content. */
export interface ReferenceScripts {
  readonly library: string;
  readonly start: string;
}

/** The page around the reference. It works without any other host; the OpenAPI document is linked for those without scripts. */
export const referencePage = ({ library, start }: ReferenceScripts): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Kaizen Studio API</title>
<link rel="icon" href="data:,">
</head>
<body>
<div id="reference"></div>
<noscript>The reference needs scripts. The document behind it: <a href="/api/v1/openapi.json">openapi.json</a></noscript>
<script src="/docs/files/${library}"></script>
<script src="/docs/files/${start}"></script>
</body>
</html>
`;

const referenceSettings = {
  url: "/api/v1/openapi.json",
  // Requests of the page go to this API and nowhere else.
  withDefaultFonts: false,
  telemetry: false,
  agent: { disabled: true, hideAddApi: true },
  mcp: { disabled: true },
  showDeveloperTools: "never",
  hideClientButton: true,
  // The section of schemas is called "Models", which is a group of our operations too; each stands where it is used.
  hideModels: true,
  defaultOpenFirstTag: false,
  documentDownloadType: "json",
};

export const referenceStart = `Scalar.createApiReference("#reference", ${JSON.stringify(referenceSettings)});\n`;

/**
 * The library styles its elements inline, which a policy without 'unsafe-inline' for styles would forbid; scripts and
 * connections are this origin's only.
 */
export const REFERENCE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const ERROR_STYLE =
  "body{font:1rem/1.6 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem;color:#222;background:#fff}" +
  "code{background:#eee;padding:.1em .3em;border-radius:.2em}" +
  "@media(prefers-color-scheme:dark){body{color:#ddd;background:#161616}code{background:#333}a{color:#8bf}}";

export const ERROR_POLICY = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(ERROR_STYLE).digest("base64")}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** What one error code means, for the person whom a problem's `type` led here. */
export function errorPage(code: ErrorCode): string {
  const { status, title, remedy } = errorCodes[code];
  const text = escaped(remedy).replaceAll(/`([^`]+)`/g, "<code>$1</code>");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${code} · Kaizen Studio API</title>
<style>${ERROR_STYLE}</style>
</head>
<body>
<h1>${escaped(title)}</h1>
<p><code>${code}</code>, status ${status}</p>
<p>${text}</p>
<p><a href="/docs">API reference</a></p>
</body>
</html>
`;
}
