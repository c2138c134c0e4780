import * as z from "zod";
import { themes } from "./colours.ts";

/** By which a picture is asked for in light or dark. */
export const themeQuery = z
  .enum(themes)
  .meta({ id: "DrawingTheme" })
  .default("auto")
  .meta({ description: "`auto` is light or dark as whoever looks at it has set." });
