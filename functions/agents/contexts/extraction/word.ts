import { Unreadable } from "./rules/failures.ts";
import { htmlText } from "./rules/html.ts";
import { officeFile, officeParts } from "./rules/parts.ts";

const PARTS = /^(?:\[Content_Types\]\.xml|_rels\/\.rels|word\/(?:_rels\/)?[\w-]+\.xml(?:\.rels)?)$/;
const DOCUMENT = "word/document.xml";

/** Word notes where its pages began when it last laid the document out; without that, where somebody began one. */
function pageBreaks(xml: string): string {
  const noted = /<w:lastRenderedPageBreak\s*\/>/g;
  if (!noted.test(xml)) return xml;
  return xml.replaceAll(/<w:br\s+w:type="page"\s*\/>/g, "").replaceAll(noted, '<w:br w:type="page"/>');
}

/** The text of a Word document: headings, lists, tables, footnotes, and where its pages begin. @throws Unreadable */
export async function wordText(bytes: Uint8Array): Promise<string> {
  const parts = officeParts(bytes, PARTS);
  const document = parts[DOCUMENT];
  if (document === undefined) throw new Unreadable("wrong_media_type");
  const { default: mammoth } = await import("./lazy/word.ts");
  const file = officeFile({ ...parts, [DOCUMENT]: pageBreaks(document) });
  const { value } = await mammoth.convertToHtml(
    { buffer: Buffer.from(file) },
    {
      styleMap: ["br[type='page'] => hr.page:fresh"],
      convertImage: mammoth.images.imgElement(async () => ({ src: "" })),
      externalFileAccess: false,
    },
  );
  return htmlText(value);
}
