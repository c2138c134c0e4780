/** One entry as it leaves: its number, and what is sent of it. */
export interface Numbered {
  readonly sequence: number;
  /** RFC 3339, to the millisecond. */
  readonly occurred_at: string;
  readonly action: string;
  /** The entry in the format of its stream, as JSON. */
  readonly text: string;
}

/** Why a destination did not take something. */
export interface Failure {
  readonly code: string;
  /** What happened, and what to do. */
  readonly message: string;
  /** The HTTP status; null where there was no answer. */
  readonly status: number | null;
  /** The beginning of what was answered. */
  readonly answer: string | null;
  /** `passes`: the same may be taken later. `refused`: it takes somebody to change something. `gone`: nobody is there any more. */
  readonly kind: "passes" | "refused" | "gone";
  /** How long the destination asks to be left alone, in milliseconds. */
  readonly after_ms?: number | undefined;
}

/** What came of some entries: how many of them, from the first on, were taken, and why the next one was not. */
export interface Sent {
  readonly taken: number;
  readonly failure?: Failure | undefined;
  /** Of what was taken: status and beginning of the answer. */
  readonly status?: number | undefined;
  readonly answer?: string | undefined;
}

/** How much one call to a destination takes. */
export interface Bounds {
  readonly entries: number;
  /** Of their texts. */
  readonly bytes: number;
}
