/** Why a deployment fails or cannot be taken away. Nothing of it is a gateway's own text. */
export const failures = {
  gateway_gone: "The gateway has been deleted, or taken out of use.",
  gateway_unreachable: "The gateway could not be reached, or did not answer in time.",
  gateway_busy: "The gateway answered that it cannot do it now (408, 425, 429 or 5xx).",
  gateway_refused: "The gateway refused it.",
  key_refused: "The gateway does not accept the key (401 or 403). Rotate the key if it has another one now.",
  key_unreadable: "The gateway's key could not be opened. Give the gateway its key again.",
  secrets_unreadable:
    "A key of the model's provider, or a secret header of a tool, could not be opened. Give it again.",
  redirected: "The gateway answered with a redirect, which is not followed.",
  answer_invalid: "The gateway answered success with what is none: no JSON, an error, or no `id`.",
  digest_mismatch: "The gateway says that it serves something else than was sent to it.",
  too_large: "What is to be deployed is larger than 4 MB with its knowledge.",
  knowledge_searched:
    "Its knowledge is searched, which the built-in data plane cannot do. Set `retrieval.mode` to `off`, or give it less.",
  not_deployable: "What is to be deployed cannot be used any more: it is archived, or its version is gone.",
  not_permitted: "Whoever deployed may not deploy any more.",
} as const;
export type FailureCode = keyof typeof failures;

export const failure = (code: FailureCode): { readonly code: FailureCode; readonly message: string } => ({
  code,
  message: failures[code],
});

/** Those that may pass by themselves. */
export const PASSING: ReadonlySet<FailureCode> = new Set(["gateway_unreachable", "gateway_busy"]);

/** Seconds until the next try, after so many; undefined when it is given up: three minutes in all, and longer for what must be taken away. */
export const pauseAfter = (attempts: number, most: number): number | undefined =>
  attempts >= most ? undefined : Math.min(5 * 3 ** (attempts - 1), 120);

export const MOST_DEPLOY_TRIES = 5;
export const MOST_STOP_TRIES = 6;
