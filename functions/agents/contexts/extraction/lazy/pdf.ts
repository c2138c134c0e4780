/** The reader of PDF files. */
export { getDocumentProxy } from "unpdf";
