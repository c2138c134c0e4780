export { default } from "bowser";
