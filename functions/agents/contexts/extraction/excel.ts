import { extractionLimits, Unreadable } from "./rules/failures.ts";
import { mark, marked, row } from "./rules/lines.ts";
import { officeFile, officeParts } from "./rules/parts.ts";

const PARTS =
  /^(?:\[Content_Types\]\.xml|_rels\/\.rels|xl\/(?:_rels\/)?(?:workbook|sharedStrings|styles)\.xml(?:\.rels)?|xl\/worksheets\/[\w-]+\.xml)$/;

/** A day without a time is a day. */
const dateText = (date: Date): string => {
  const [day = "", time = ""] = date.toISOString().split(/[T.]/);
  return time === "00:00:00" ? day : `${day} ${time}`;
};

const cellText = (value: unknown): string => {
  if (value === null || value === undefined) return "";
  return value instanceof Date ? dateText(value) : String(value);
};

/** The text of an Excel workbook: its sheets by name, a line for each row, formulas by what they came to. @throws Unreadable */
export async function excelText(bytes: Uint8Array): Promise<string> {
  const parts = officeParts(bytes, PARTS);
  if (parts["xl/workbook.xml"] === undefined) throw new Unreadable("wrong_media_type");
  const { default: readXlsxFile } = await import("./lazy/excel.ts");
  const sheets = await readXlsxFile(officeFile(parts).buffer);
  if (sheets.length > extractionLimits.sheets) throw new Unreadable("too_many_pages");
  return marked(
    sheets.map(({ sheet, data }) => ({
      mark: mark("sheet", sheet),
      text: data.flatMap((cells) => row(cells.map(cellText)) ?? []).join("\n"),
    })),
  );
}
