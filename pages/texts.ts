import { german } from "./texts/de.ts";
import { english } from "./texts/en.ts";

export const language = navigator.language.toLowerCase().startsWith("de") ? "de" : "en";

/** What the pages say, in the language of the browser. */
export const texts = language === "de" ? german : english;
