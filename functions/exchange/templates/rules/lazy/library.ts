/** What `npm run docs` makes of the files in `library/`: a file of its own, of which no function reads anything before. */
export { default as library } from "./library.json" with { type: "json" };
