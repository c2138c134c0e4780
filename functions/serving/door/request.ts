import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { type Front, toRequest } from "../../../shared/http/front.ts";
import type { RawRequest } from "../../../shared/http/parse.ts";

/** The address stands alone: nobody is before it, and only the connection says who asks. */
const ALONE: Front = { secret: undefined, says_place: false, origins: [] };

export type DoorRequest = RawRequest;

export const requestOf = (event: APIGatewayProxyEventV2): DoorRequest => toRequest(event, ALONE);
