/*
 * What is known of a picture before it is drawn. Whoever asks for one needs no more: what lays it out and writes it is
 * in a thread of its own, with the package for that.
 */

/**
 * Which picture this code draws of the same graph. Counts up with every change of how it looks, so that nobody who has
 * an older one is told that nothing has changed.
 */
export const PICTURE = 1;

export const directions = ["right", "down"] as const;
export type Direction = (typeof directions)[number];

/** What the picture is of. */
export interface Heading {
  readonly title: string;
  readonly caption: string;
}
