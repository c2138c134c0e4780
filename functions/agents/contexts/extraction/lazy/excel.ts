/** The reader of Excel files. */
export { default } from "read-excel-file/universal";
