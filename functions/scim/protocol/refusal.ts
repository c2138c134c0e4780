import { Problem } from "../../../shared/errors.ts";
import { type Answer, STANDARD_HEADERS } from "../../../shared/http/answer.ts";
import { SCIM_TYPE } from "../model.ts";
import { ScimError, type ScimErrorType } from "../rules/error.ts";

/** The words of the protocol for refusals of the product, where it has one. */
const types: Readonly<Partial<Record<Problem["code"], ScimErrorType>>> = {
  malformed_json: "invalidSyntax",
  validation_failed: "invalidValue",
  already_exists: "uniqueness",
};

/** What the protocol says of a failure. What is not meant for outside stays inside. */
export function scimErrorOf(error: unknown): ScimError {
  if (error instanceof ScimError) return error;
  if (!(error instanceof Problem)) return new ScimError(500, "The request could not be completed.");
  // The protocol has 400 for what cannot be processed (RFC 7644, table 8).
  const status = error.status === 422 ? 400 : error.status;
  return new ScimError(status, error.detail, types[error.code]);
}

/** A failure as the message of RFC 7644, section 3.12. */
export const errorMessage = ({ status, scimType, detail }: ScimError) => ({
  schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"],
  status: String(status),
  ...(scimType === undefined ? {} : { scimType }),
  detail,
});

/** How every failure under `/scim/v2` leaves: of unknown paths and refused tokens too. */
export function refuseInScim(error: unknown, request_id: string): Answer {
  const refusal = scimErrorOf(error);
  return {
    status: refusal.status,
    headers: {
      ...STANDARD_HEADERS,
      "content-type": SCIM_TYPE,
      "x-request-id": request_id,
      ...(error instanceof Problem ? error.options.headers : {}),
    },
    body: JSON.stringify(errorMessage(refusal)),
  };
}
