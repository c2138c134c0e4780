import { defineResource } from "../../../shared/http/resource.ts";
import { templateOf } from "./rules/gallery.ts";

/** A template that a path names: the same for everybody. */
export const templateResource = defineResource({
  type: "template",
  path: ["template_id"],
  read: ({ path }) => templateOf(String(path.template_id)),
});
