/** Words of RFC 7644, table 9, that a client may act upon. */
export type ScimErrorType =
  | "invalidFilter"
  | "invalidPath"
  | "invalidSyntax"
  | "invalidValue"
  | "mutability"
  | "noTarget"
  | "tooMany"
  | "uniqueness";

/** A fault as SCIM tells it (RFC 7644, 3.12): the status of the answer, the protocol's word where it has one, and a text. */
export class ScimError extends Error {
  readonly status: number;
  readonly scimType?: ScimErrorType;
  readonly detail: string;

  constructor(status: number, detail: string, scimType?: ScimErrorType) {
    super(detail);
    this.name = "ScimError";
    this.status = status;
    this.detail = detail;
    if (scimType !== undefined) this.scimType = scimType;
  }
}

const refused = (scimType: ScimErrorType, status: number) => (detail: string) =>
  new ScimError(status, detail, scimType);

export const invalidFilter = refused("invalidFilter", 400);
export const invalidPath = refused("invalidPath", 400);
export const invalidSyntax = refused("invalidSyntax", 400);
export const invalidValue = refused("invalidValue", 400);
export const mutability = refused("mutability", 400);
export const noTarget = refused("noTarget", 400);
export const tooMany = refused("tooMany", 400);
export const uniqueness = refused("uniqueness", 409);
