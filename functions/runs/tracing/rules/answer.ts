import { Problem } from "../../../../shared/errors.ts";
import { type Otlp, otlpOf, type Span } from "../../../../shared/tracing/otlp.ts";
import { MOST_ANSWER_BYTES, MOST_SPANS } from "../model.ts";

/** Spans as they are answered. @throws Problem `run_too_large` where an answer cannot hold them */
export function answerOf(organization_id: string, spans: readonly Span[]): Otlp {
  if (spans.length > MOST_SPANS)
    throw new Problem("run_too_large", `The run has more than ${MOST_SPANS} spans.`, {
      members: { limit: MOST_SPANS },
    });
  const answer = otlpOf(organization_id, spans);
  if (Buffer.byteLength(JSON.stringify(answer)) > MOST_ANSWER_BYTES)
    throw new Problem("run_too_large", `The run's spans are more than ${MOST_ANSWER_BYTES} bytes.`, {
      members: { limit: MOST_ANSWER_BYTES },
    });
  return answer;
}
