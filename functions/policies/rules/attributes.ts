import { attributes, attributesOfType, namesOfType } from "../../../shared/policies/attributes.ts";
import { operatorsOf } from "../../../shared/policies/operators.ts";

/** Which types of things have an attribute; null where it is of none. */
function typesWith(path: string): string[] | null {
  const [root, name = ""] = path.split(".");
  if (root !== "resource" || name === "type") return null;
  return Object.keys(attributesOfType).filter((type) => namesOfType(type).includes(name));
}

/** The schema of conditions, as builders of them need it. */
export const shownAttributes = [...attributes].map(([path, { type, words, description, values, refers }]) => ({
  path,
  type,
  words,
  description,
  operators: [...operatorsOf[type]],
  values: values === undefined ? null : [...values],
  refers_to: refers === undefined ? null : refers === "thing" ? "the thing itself" : refers,
  resource_types: typesWith(path),
}));
