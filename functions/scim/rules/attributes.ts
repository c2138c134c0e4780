export const CORE_USER = "urn:ietf:params:scim:schemas:core:2.0:User";
export const CORE_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group";
export const ENTERPRISE_USER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/** One attribute with its characteristics (RFC 7643, section 7). What is not said has that section's default. */
export interface Attribute {
  readonly name: string;
  readonly type: "string" | "boolean" | "dateTime" | "reference" | "complex";
  readonly description: string;
  readonly multiValued?: boolean;
  readonly required?: boolean;
  readonly caseExact?: boolean;
  readonly mutability?: "readOnly";
  readonly returned?: "always" | "request";
  readonly uniqueness?: "server";
  readonly canonicalValues?: readonly string[];
  readonly referenceTypes?: readonly string[];
  readonly subAttributes?: readonly Attribute[];
  /** Most elements that we keep. */
  readonly most?: number;
}

const text = (name: string, description: string, more: Partial<Attribute> = {}): Attribute => ({
  name,
  type: "string",
  description,
  ...more,
});

const exact = { caseExact: true } as const;
const readOnly = { mutability: "readOnly" } as const;

const primary: Attribute = {
  name: "primary",
  type: "boolean",
  description: "Whether this is the preferred one. At most one is.",
};

/** Attributes that every resource has and no schema lists (RFC 7643, 3.1). */
const common: readonly Attribute[] = [
  text("id", "Identifier that the service gave.", { ...exact, ...readOnly, returned: "always" }),
  text("externalId", "Identifier that the directory gave.", exact),
  text("schemas", "Names of the schemas in use.", { ...exact, ...readOnly, multiValued: true, returned: "always" }),
  {
    name: "meta",
    type: "complex",
    description: "What the service knows of the resource itself.",
    ...readOnly,
    subAttributes: [
      text("resourceType", "Its type.", { ...exact, ...readOnly }),
      { name: "created", type: "dateTime", description: "When it was made.", ...readOnly },
      { name: "lastModified", type: "dateTime", description: "When it was last changed.", ...readOnly },
      { name: "location", type: "reference", description: "Its address.", ...exact, ...readOnly },
      text("version", "Its version, as in ETag.", { ...exact, ...readOnly }),
    ],
  },
];

export const userAttributes: readonly Attribute[] = [
  text("userName", "Name by which the directory knows the user; mostly the address of mail.", {
    required: true,
    uniqueness: "server",
  }),
  {
    name: "name",
    type: "complex",
    description: "The parts of the user's name.",
    subAttributes: [
      text("formatted", "The whole name, as it is shown."),
      text("familyName", "Family name."),
      text("givenName", "Given name."),
      text("middleName", "Middle names."),
      text("honorificPrefix", "Title before the name."),
      text("honorificSuffix", "Suffix after the name."),
    ],
  },
  text("displayName", "Name that is shown to others."),
  text("nickName", "Casual name."),
  text("title", "Title at work."),
  text("userType", "Relation to the organization, such as employee or contractor."),
  text("preferredLanguage", "Preferred language, such as en-GB."),
  text("locale", "Where the user is, for formats of dates and numbers."),
  text("timezone", "Time zone, such as Europe/Berlin."),
  { name: "active", type: "boolean", description: "Whether the user may work here." },
  {
    name: "emails",
    type: "complex",
    description: "Addresses of mail.",
    multiValued: true,
    most: 10,
    subAttributes: [
      text("value", "The address."),
      text("display", "The address as it is shown."),
      text("type", "What it is for.", { canonicalValues: ["work", "home", "other"] }),
      primary,
    ],
  },
  {
    name: "phoneNumbers",
    type: "complex",
    description: "Telephone numbers.",
    multiValued: true,
    most: 10,
    subAttributes: [
      text("value", "The number."),
      text("display", "The number as it is shown."),
      text("type", "What it is for.", { canonicalValues: ["work", "home", "mobile", "fax", "pager", "other"] }),
      primary,
    ],
  },
  {
    name: "groups",
    type: "complex",
    description: "Groups of which the user is a member. Changed through the groups.",
    multiValued: true,
    returned: "request",
    ...readOnly,
    subAttributes: [
      text("value", "The group's id.", { ...exact, ...readOnly }),
      {
        name: "$ref",
        type: "reference",
        description: "Its address.",
        referenceTypes: ["Group"],
        ...exact,
        ...readOnly,
      },
      text("display", "Its name.", readOnly),
      text("type", "Whether the membership is direct.", { ...readOnly, canonicalValues: ["direct", "indirect"] }),
    ],
  },
];

export const enterpriseAttributes: readonly Attribute[] = [
  text("employeeNumber", "Number that the company gave."),
  text("costCenter", "Cost centre."),
  text("organization", "Organization."),
  text("division", "Division."),
  text("department", "Department."),
  {
    name: "manager",
    type: "complex",
    description: "The user's manager.",
    subAttributes: [text("value", "The manager's id.", exact), text("displayName", "The manager's name.")],
  },
];

export const groupAttributes: readonly Attribute[] = [
  text("displayName", "The group's name.", { required: true }),
  {
    name: "members",
    type: "complex",
    description: "Members of the group.",
    multiValued: true,
    most: 5_000,
    subAttributes: [
      text("value", "The member's id.", exact),
      { name: "$ref", type: "reference", description: "Its address.", referenceTypes: ["User", "Group"], ...exact },
      text("type", "What it is.", { canonicalValues: ["User", "Group"] }),
    ],
  },
];

const enterprise: Attribute = {
  name: ENTERPRISE_USER,
  type: "complex",
  description: "What companies keep of their people.",
  subAttributes: enterpriseAttributes,
};

const whole = (name: string, subAttributes: readonly Attribute[]): Attribute => ({
  name,
  type: "complex",
  description: name,
  subAttributes,
});

/** Whole resources: a resource is a complex value whose parts are the attributes, an extension's name among them. */
export const userResource = whole("User", [...common, ...userAttributes, enterprise]);
export const groupResource = whole("Group", [...common, ...groupAttributes]);
/** Where the type of a resource isn't known: no name means two things in the two. */
export const anyResource = whole("Resource", [
  ...common,
  ...groupAttributes,
  ...userAttributes.filter(({ name }) => name !== "displayName"),
  enterprise,
]);

/** The part of that name, in whatever case it is written (RFC 7643, 2.1). */
export function partOf(attribute: Attribute | undefined, name: string): Attribute | undefined {
  const sought = name.toLowerCase();
  return attribute?.subAttributes?.find((part) => part.name.toLowerCase() === sought);
}

/** Own member of an object by its name in whatever case. `undefined` for what is no object. */
export function memberOf(value: unknown, name: string): unknown {
  if (!isObject(value)) return undefined;
  if (Object.hasOwn(value, name)) return value[name];
  const sought = name.toLowerCase();
  const found = Object.keys(value).find((key) => key.toLowerCase() === sought);
  return found === undefined ? undefined : value[found];
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
