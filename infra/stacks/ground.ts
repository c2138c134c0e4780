import type { Product } from "../product.ts";
import type { DataStack, StageProps } from "./data.ts";
import type { DataPlaneStack } from "./data-plane.ts";
import type { MessagingStack } from "./messaging.ts";
import type { PoolStack } from "./pool.ts";

/** What the stacks of rooms stand on: what holds data, who people are, what is sent. Nothing below refers to an area. */
export interface Ground extends Pick<StageProps, "stage" | "bundles"> {
  readonly product: Product;
  readonly data: DataStack;
  readonly pool: PoolStack;
  readonly messaging: MessagingStack;
  readonly dataPlane: DataPlaneStack;
}
