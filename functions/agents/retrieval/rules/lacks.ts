/** Why contexts are not indexed, and what to do. Pure. */

/** Most numbers of a vector: with these, all that an agent may know is searched within the memory of the functions that run it. */
export const MOST_DIMENSIONS = 2_048;

/** So long after its last sign of life an index that is still pending is given up by who looks: nobody works at it any more. */
const STALLED_AFTER_MS = 3_600_000;

export const isStalled = (since: string, at: Date): boolean => at.getTime() - Date.parse(since) > STALLED_AFTER_MS;

export interface Lack {
  readonly code: string;
  readonly message: string;
}

const REMEDY =
  "Then ask for the index again with POST /agents/{agent_id}/retrieval/index. Or choose another model in `retrieval.model_id`, or send contexts whole with `retrieval.mode` off.";

export const unknownEmbedding = (model_id: string): Lack => ({
  code: "unknown_model",
  message: `The organization has no model for embeddings \`${model_id}\`. Store its provider, with the model. ${REMEDY}`,
});

export const tooManyDimensions = (dimensions: number): Lack => ({
  code: "too_many_dimensions",
  message: `The model gives ${dimensions} numbers for each text; at most ${MOST_DIMENSIONS} are searched. Choose a smaller one in \`retrieval.model_id\`.`,
});

/** Of a call that failed: nothing that a provider wrote is in it. */
export const callFailed = ({ code, message }: Lack): Lack => ({
  code,
  message: `${message} Mend that. ${REMEDY}`,
});

export const stalled: Lack = {
  code: "index_stalled",
  message: "Nobody has worked at the index for an hour. Ask for it again with POST /agents/{agent_id}/retrieval/index.",
};

/** What an agent's run is told that needs an index which is being made, as far as is known. */
export const notReady = (model_id: string): Lack => ({
  code: "retrieval_not_ready",
  message: `The agent's contexts are more than its prompt takes and are not indexed yet by \`${model_id}\`. Try again in a while; GET /agents/{agent_id}/retrieval says how far it is and what is wrong, if anything is. Where nothing comes of it, POST /agents/{agent_id}/retrieval/index asks for it.`,
});

/** The same where making it has failed: it does not come by itself. */
export const notMade = ({ message }: Lack, version: number | null): Lack => ({
  code: "retrieval_not_ready",
  message: `The agent's contexts are more than its prompt takes and could not be indexed. ${message}${version === null ? "" : ` Name the version there: \`?version=${version}\`.`}`,
});

/** Numbers of two sizes under one name. */
export const otherSize = (model_id: string): Lack => ({
  code: "retrieval_not_ready",
  message: `\`${model_id}\` gives another number of numbers than when the agent's contexts were indexed: its server has another model under the same name. Store it in its provider under a new name, and choose that in \`retrieval.model_id\`.`,
});
