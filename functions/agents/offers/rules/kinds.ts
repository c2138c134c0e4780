/** What MCP servers offer. */
export const offerKinds = ["tool", "resource", "prompt"] as const;
export type OfferKind = (typeof offerKinds)[number];

/** Under which name something of a server is pinned: a tool under its own, others beside their kind. */
export const pinName = (kind: OfferKind, name: string): string => (kind === "tool" ? name : `${kind}\n${name}`);

/** What is pinned under a name. */
export function pinnedAs(pin: string): { readonly kind: OfferKind; readonly name: string } {
  const kind = (["resource", "prompt"] as const).find((one) => pin.startsWith(`${one}\n`));
  return kind === undefined ? { kind: "tool", name: pin } : { kind, name: pin.slice(kind.length + 1) };
}
