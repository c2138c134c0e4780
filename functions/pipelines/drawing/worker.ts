import icons from "@iconify-json/lucide/icons.json" with { type: "json" };
import { serveTasks } from "../../../shared/bounded/worker.ts";
import type { Theme } from "./rules/colours.ts";
import { laidOut } from "./rules/lay-out.ts";
import type { Direction, Heading } from "./rules/picture.ts";
import type { Scene } from "./rules/scene.ts";
import { svgOf } from "./rules/svg.ts";

/** What is asked for: a picture of this scene. */
export interface PictureInput {
  readonly scene: Scene;
  readonly heading: Heading;
  readonly theme: Theme;
  readonly direction: Direction;
}

/** Lucide's drawings by their names, as SVG inside 24 by 24. */
const drawings: Readonly<Record<string, { readonly body: string }>> = icons.icons;

const iconsOf = ({ nodes }: Scene): ReadonlyMap<string, string> =>
  new Map(
    nodes.flatMap(({ icon }) => (Object.hasOwn(drawings, icon) ? [[icon, drawings[icon]?.body ?? ""] as const] : [])),
  );

serveTasks({
  picture: ({ scene, heading, theme, direction }: PictureInput) =>
    svgOf(laidOut(scene, direction), heading, { theme, direction }, iconsOf(scene)),
});
