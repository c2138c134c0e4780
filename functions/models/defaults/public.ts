/** What is meant where nobody names a model. Apart from the catalogue: schemas need no more than the name. */

/** What agents search their contexts with: served by role, so it works before anybody has stored a key. */
export const defaultEmbeddingId = "amazon-bedrock/titan-embed-text-v2";
