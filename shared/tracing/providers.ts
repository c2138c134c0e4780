/** The conventions' names of providers, by how the clients and the catalogue call them. */
const PROVIDERS: Readonly<Record<string, string>> = {
  "amazon-bedrock": "aws.bedrock",
  azure: "azure.ai.openai",
  google: "gcp.gemini",
};

const named = (name: string): string => PROVIDERS[name] ?? name;

/** What the conventions call the provider of a client (`openai.chat`). */
export const providerOfClient = (client: string): string => named(client.split(".")[0] ?? client);

/** The same of a model that a catalogue names (`openai/gpt-4o-mini`); a provider of an organization's own has the name that it was given. */
export const providerOfModel = (model_id: string): string => named(model_id.split("/")[0] ?? model_id);
