export { default as mailProviders } from "email-providers/all.json" with { type: "json" };
export { parse } from "tldts";
