import { type Answer, STANDARD_HEADERS } from "../../../shared/http/answer.ts";

export const json = (status: number, body: object, request_id: string): Answer => ({
  status,
  headers: { ...STANDARD_HEADERS, "content-type": "application/json", "x-request-id": request_id },
  body: JSON.stringify(body),
});
