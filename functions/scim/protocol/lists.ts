/** A list as the message of RFC 7644, section 3.4.2. */
export const listResponse = (
  resources: readonly object[],
  { total = resources.length, start = 1 }: { readonly total?: number; readonly start?: number } = {},
) => ({
  schemas: ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
  totalResults: total,
  startIndex: start,
  itemsPerPage: resources.length,
  Resources: resources,
});
