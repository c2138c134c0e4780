/** The parts of an Office file that are read, and no others: no macros, no pictures, no embedded files. Pure. */
import { unzipSync, zipSync } from "fflate";
import { extractionLimits, Unreadable } from "./failures.ts";

export type OfficeParts = Readonly<Record<string, string>>;

/**
 * Unpacks what `wanted` names, after the directory has been looked through: each part takes as much memory as the
 * directory says of it, whatever its content claims to be. A part that declares a document type is refused: Office
 * writes none, and entities can be files of ours or texts without end.
 * @throws Unreadable
 */
export function officeParts(file: Uint8Array, wanted: RegExp): OfficeParts {
  const { parts, unpacked_bytes, ratio, ratio_from_bytes } = extractionLimits;
  let count = 0;
  let total = 0;
  unzipSync(file, {
    filter({ name, size, originalSize }) {
      if (++count > parts) throw new Unreadable("unpacks_too_large");
      if (!wanted.test(name)) return false;
      total += originalSize;
      const bomb = originalSize > ratio_from_bytes && originalSize > ratio * size;
      if (bomb || total > unpacked_bytes) throw new Unreadable("unpacks_too_large");
      return false;
    },
  });
  const found = unzipSync(file, { filter: ({ name }) => wanted.test(name) });
  return Object.fromEntries(Object.entries(found).map(([name, bytes]) => [name, xmlOf(bytes)]));
}

function xmlOf(bytes: Uint8Array): string {
  const xml = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  if (xml.includes("\u0000")) throw new Unreadable("damaged_file");
  if (/<!(?:DOCTYPE|ENTITY)/i.test(xml)) throw new Unreadable("unsafe_file");
  return xml;
}

/** The parts as a file again, unpacked, for a library that reads files: it finds nothing that was not looked through. */
export const officeFile = (parts: OfficeParts): Uint8Array<ArrayBuffer> => {
  const entries = Object.entries(parts).map(([name, xml]) => [name, new TextEncoder().encode(xml)] as const);
  return new Uint8Array(zipSync(Object.fromEntries(entries), { level: 0 }));
};
