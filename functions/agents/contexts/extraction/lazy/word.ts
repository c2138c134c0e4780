/** The reader of Word files. */
export { default } from "mammoth";
