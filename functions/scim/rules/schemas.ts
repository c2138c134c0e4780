import { limits } from "../../../shared/http/schemas.ts";
import {
  type Attribute,
  CORE_GROUP,
  CORE_USER,
  ENTERPRISE_USER,
  enterpriseAttributes,
  groupAttributes,
  groupResource,
  isObject,
  userAttributes,
  userResource,
} from "./attributes.ts";
import { invalidSyntax, invalidValue } from "./error.ts";
import { added, withoutEmpty } from "./lists.ts";
import { onePrimary } from "./primary.ts";
import { checkWhole, readValue } from "./reading.ts";

/** Most resources in one answer to a filter. */
export const MOST_RESULTS = 100;

/** Most operations in one bulk. */
export const MOST_OPERATIONS = 50;

/** An address of mail or a telephone number. */
export interface ScimContact {
  readonly value: string;
  readonly display?: string;
  readonly type?: string;
  readonly primary?: boolean;
}

export interface ScimMember {
  readonly value: string;
  readonly $ref?: string;
  readonly type?: string;
}

/** What a directory may write of a user, in the names and shapes of SCIM. */
export interface ScimUserAttributes {
  readonly userName: string;
  readonly externalId?: string;
  readonly name?: {
    readonly formatted?: string;
    readonly familyName?: string;
    readonly givenName?: string;
    readonly middleName?: string;
    readonly honorificPrefix?: string;
    readonly honorificSuffix?: string;
  };
  readonly displayName?: string;
  readonly nickName?: string;
  readonly title?: string;
  readonly userType?: string;
  readonly preferredLanguage?: string;
  readonly locale?: string;
  readonly timezone?: string;
  readonly active?: boolean;
  readonly emails?: readonly ScimContact[];
  readonly phoneNumbers?: readonly ScimContact[];
  readonly [ENTERPRISE_USER]?: {
    readonly employeeNumber?: string;
    readonly costCenter?: string;
    readonly organization?: string;
    readonly division?: string;
    readonly department?: string;
    readonly manager?: { readonly value?: string; readonly displayName?: string };
  };
}

/** What a directory may write of a group. */
export interface ScimGroupAttributes {
  readonly displayName: string;
  readonly externalId?: string;
  readonly members?: readonly ScimMember[];
}

/**
 * The attributes of a user that we keep, of a resource as a client posted it. What only the service writes and what we do
 * not keep is left out.
 * @throws ScimError invalidSyntax for what is no object, invalidValue that names the attribute.
 */
export function normalizeUser(input: unknown): ScimUserAttributes {
  return checkWhole(normalized(userResource, input) as unknown as ScimUserAttributes);
}

/** The same for a group. Members are there once each. */
export function normalizeGroup(input: unknown): ScimGroupAttributes {
  return normalized(groupResource, input) as unknown as ScimGroupAttributes;
}

function normalized(resource: Attribute, input: unknown): Readonly<Record<string, unknown>> {
  if (!isObject(input)) throw invalidSyntax("A resource must be an object.");
  const read = (readValue(resource, input, "") ?? {}) as Record<string, unknown>;
  for (const attribute of resource.subAttributes ?? []) {
    if (attribute.required && read[attribute.name] === undefined) throw invalidValue(`${attribute.name} is required.`);
    if (!attribute.multiValued || read[attribute.name] === undefined) continue;
    const list = added(attribute, [], read[attribute.name] as unknown[]);
    read[attribute.name] = onePrimary(list);
  }
  return withoutEmpty(resource, read);
}

/** What the service can do (RFC 7643, section 5). `base` is the address of /scim/v2, without a slash at its end. */
export const serviceProviderConfig = (base: string) => ({
  schemas: ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
  patch: { supported: true },
  bulk: { supported: true, maxOperations: MOST_OPERATIONS, maxPayloadSize: limits.request_bytes },
  filter: { supported: true, maxResults: MOST_RESULTS },
  changePassword: { supported: false },
  sort: { supported: true },
  etag: { supported: true },
  authenticationSchemes: [
    {
      type: "oauthbearertoken",
      name: "Bearer token",
      description: "A token of the organization's for SCIM, in the header Authorization.",
      specUri: "https://www.rfc-editor.org/info/rfc6750",
      primary: true,
    },
  ],
  meta: { resourceType: "ServiceProviderConfig", location: `${base}/ServiceProviderConfig` },
});

/** The types of resources that there are (RFC 7643, section 6). */
export const resourceTypes = (base: string) => [
  {
    ...resourceType(base, "User", "/Users", "A person, as the directory knows them.", CORE_USER),
    schemaExtensions: [{ schema: ENTERPRISE_USER, required: false }],
  },
  resourceType(base, "Group", "/Groups", "A group of people.", CORE_GROUP),
];

const resourceType = (base: string, id: string, endpoint: string, description: string, schema: string) => ({
  schemas: ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
  id,
  name: id,
  endpoint,
  description,
  schema,
  meta: { resourceType: "ResourceType", location: `${base}/ResourceTypes/${id}` },
});

/** The schemas with the attributes that we keep (RFC 7643, sections 7 and 8.7). Attributes of every resource are in none. */
export const schemaDocuments = (base: string) => [
  schemaDocument(base, CORE_USER, "User", "A person, as the directory knows them.", userAttributes),
  schemaDocument(base, CORE_GROUP, "Group", "A group of people.", groupAttributes),
  schemaDocument(base, ENTERPRISE_USER, "EnterpriseUser", "What companies keep of people.", enterpriseAttributes),
];

function schemaDocument(base: string, id: string, name: string, description: string, list: readonly Attribute[]) {
  return {
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
    id,
    name,
    description,
    attributes: list.map(definitionOf),
    meta: { resourceType: "Schema", location: `${base}/Schemas/${id}` },
  };
}

/** An attribute's definition with every characteristic said, as clients expect them. */
function definitionOf(attribute: Attribute): Record<string, unknown> {
  const { name, type, description, canonicalValues, referenceTypes, subAttributes } = attribute;
  return {
    name,
    type,
    multiValued: attribute.multiValued ?? false,
    description,
    required: attribute.required ?? false,
    ...(type === "string" || type === "reference" ? { caseExact: attribute.caseExact ?? false } : {}),
    mutability: attribute.mutability ?? "readWrite",
    returned: attribute.returned ?? "default",
    uniqueness: attribute.uniqueness ?? "none",
    ...(canonicalValues === undefined ? {} : { canonicalValues }),
    ...(referenceTypes === undefined ? {} : { referenceTypes }),
    ...(subAttributes === undefined ? {} : { subAttributes: subAttributes.map(definitionOf) }),
  };
}
