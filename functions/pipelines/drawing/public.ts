/** What other rooms draw with: runs draw their timelines. */
export { colours, type Palette, type Theme } from "./rules/colours.ts";
export { linesOf, widthOf } from "./rules/letters.ts";
export { mermaidOf } from "./rules/mermaid.ts";
export { sceneOf } from "./rules/scene.ts";
export { themeQuery } from "./rules/theme.ts";
export { LETTERS, n, POLICY, xml } from "./rules/xml.ts";
