export { createAzure } from "@ai-sdk/azure";
