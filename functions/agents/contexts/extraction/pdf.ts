import { extractionLimits, Unreadable } from "./rules/failures.ts";
import { mark, marked } from "./rules/lines.ts";

/** What a page's content is asked for: strings, and where a line ends. Marks of structure have none. */
const written = (items: readonly object[]): string =>
  items
    .map((item) => ("str" in item && "hasEOL" in item ? `${String(item.str)}${item.hasEOL === true ? "\n" : ""}` : ""))
    .join("")
    .replaceAll(/[^\S\n]+/g, " ")
    .replaceAll(/ ?\n ?/g, "\n")
    .replaceAll(/\n{3,}/g, "\n\n");

/** The text of a PDF, page by page. Nothing in it is run, and nothing that it names is fetched. @throws Unreadable */
export async function pdfText(bytes: Uint8Array): Promise<string> {
  const { getDocumentProxy } = await import("./lazy/pdf.ts");
  const document = await getDocumentProxy(bytes, {
    useSystemFonts: false,
    disableFontFace: true,
    verbosity: 0,
  }).catch((error: unknown) => {
    throw new Unreadable((error as Error).name === "PasswordException" ? "encrypted_file" : "damaged_file");
  });
  if (document.numPages > extractionLimits.pages) throw new Unreadable("too_many_pages");
  const pages: { mark: string; text: string }[] = [];
  for (let number = 1; number <= document.numPages; number++) {
    const page = await document.getPage(number);
    const { items } = await page.getTextContent();
    pages.push({ mark: mark("page", number), text: written(items) });
    page.cleanup();
  }
  return marked(pages);
}
