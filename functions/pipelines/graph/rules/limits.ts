/** Sizes of a graph and of its parts (the domain's table of sizes). */
export const graphLimits = {
  nodes: 10_000,
  connections: 50_000,
  id: 64,
  label: 120,
  branches: 100,
  /** Beyond this a join is still right, but each of its inputs rewrites a growing set. */
  comfortable_fan_in: 2_000,
  /** A constant inside a node: fallback value, JSON Schema. */
  constant: { depth: 32, size: 100_000 },
  prompt: 100_000,
  url: 2_048,
  headers: 50,
  header_value: 8_192,
  timeout_ms: 840_000,
  /** The longest wait of a node: a leap year. A run may take an hour longer. */
  wait_seconds: 366 * 86_400,
  /** Runs within runs, the outermost counted. */
  depth: 8,
  /** Different graphs of one run, the outermost counted. */
  graphs: 50,
  /** Of a map. */
  items: 10_000,
  concurrency: 100,
  /** Of a loop. */
  iterations: 1_000,
} as const;

/** Where a connection leaves and enters when it does not say so. */
export const DEFAULT_SOURCE_HANDLE = "output";
export const DEFAULT_TARGET_HANDLE = "input";
/** The handle that a failed node's error leaves by, under the policy `error_edge`. */
export const ERROR_HANDLE = "error";
