import { createHash } from "node:crypto";

/** Where the pages' script is; the name changes with its content. */
export const PAGE_FILES = "/sign-in/files";

const STYLE = `
:root{color-scheme:light dark;--text:#1d2129;--soft:#5b6270;--line:#d5d9e0;--card:#fff;--ground:#f3f5f8;--accent:#2450b8;--on:#fff;--bad:#b3261e}
@media(prefers-color-scheme:dark){:root{--text:#e6e8ec;--soft:#a0a7b4;--line:#3a404b;--card:#1b1f26;--ground:#12151a;--accent:#8fb1ff;--on:#0d1526;--bad:#ff9b92}}
*{box-sizing:border-box}
body{margin:0;font:1rem/1.5 system-ui,sans-serif;color:var(--text);background:var(--ground);min-height:100vh;display:flex;flex-direction:column;align-items:center;padding:1rem}
header{font-weight:650;letter-spacing:.01em;margin:clamp(.5rem,7vh,4rem) 0 1.25rem}
main{width:100%;max-width:27rem;background:var(--card);border:1px solid var(--line);border-radius:.75rem;padding:1.5rem;overflow-wrap:anywhere}
h1{font-size:1.4rem;line-height:1.25;margin:0 0 1rem;outline:0}
h2{font-size:1rem;margin:1.75rem 0 .5rem}
p{margin:0 0 1rem}
small{display:block;color:var(--soft);font-size:.875rem}
a,.plain{color:var(--accent)}
label{display:block;font-weight:550;margin-bottom:.25rem}
input,textarea{width:100%;font:inherit;color:inherit;background:transparent;border:1px solid var(--soft);border-radius:.5rem;padding:.6rem .75rem}
input[readonly]{border-color:var(--line);color:var(--soft)}
input[aria-invalid]{border-color:var(--bad)}
textarea{display:block;resize:vertical}
.field{margin-bottom:1rem}
.part{margin-top:1.75rem}
.field small{margin-top:.25rem}
button{font:inherit;font-weight:600;width:100%;padding:.65rem 1rem;border-radius:.5rem;border:1px solid var(--accent);background:var(--accent);color:var(--on);cursor:pointer}
button.secondary{background:transparent;color:var(--accent)}
button.plain{width:auto;border:0;padding:.15rem 0;background:none;font-weight:400;text-decoration:underline;text-align:start}
button[aria-busy]{opacity:.6;cursor:progress}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
h1:focus-visible{outline:0}
.alert{color:var(--bad);font-weight:550}
.alert:empty{display:none}
.or{display:flex;align-items:center;gap:.75rem;color:var(--soft);margin:1rem 0}
.or::before,.or::after{content:"";flex:1;border-top:1px solid var(--line)}
.foot{display:flex;flex-wrap:wrap;justify-content:space-between;gap:.25rem 1rem;margin:1.25rem 0 0}
.action{margin:.75rem 0 0}
dl{margin:0}
blockquote{margin:0 0 1rem;padding-inline-start:.9rem;border-inline-start:3px solid var(--line);color:var(--soft);white-space:pre-line}
dt{color:var(--soft);font-size:.875rem}
dd{margin:0 0 .6rem;font-weight:550}
ul{margin:0;padding:0;list-style:none}
.rows li{display:flex;align-items:center;justify-content:space-between;gap:1rem;padding:.6rem 0;border-top:1px solid var(--line)}
.rows .action{margin:0}
.rows button{width:auto;padding:.35rem .8rem;white-space:nowrap}
.codes{columns:2;margin-bottom:1rem}
code{font-size:.95rem}
pre{margin:0;padding:.75rem .9rem;max-height:22rem;overflow:auto;font-size:.875rem;line-height:1.45;border:1px solid var(--line);border-radius:.5rem;background:var(--ground);white-space:pre-wrap}
.qr{display:block;width:13rem;max-width:100%;margin:0 auto 1rem;background:#fff;border-radius:.5rem}
`.replaceAll("\n", "");

/**
 * No other host, no inline script, no frame around it; forms are sent by the script alone. Where the browser knows trusted
 * types, no text becomes HTML.
 */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  `style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`,
  "img-src data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

/** What every page begins as; its script shows what the address is about. It holds nothing of anybody. */
export const shell = (script: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Kaizen Studio</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
<script type="module" src="${PAGE_FILES}/${script}"></script>
</head>
<body>
<header>Kaizen Studio</header>
<main><noscript>This page needs scripts. All that it does can be asked of the <a href="/docs">API</a>, too.</noscript></main>
</body>
</html>
`;
