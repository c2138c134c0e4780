import { Fn } from "aws-cdk-lib";
import {
  type BehaviorOptions,
  Function as EdgeFunction,
  FunctionCode,
  FunctionEventType,
  FunctionRuntime,
  OriginRequestCookieBehavior,
  OriginRequestHeaderBehavior,
  OriginRequestPolicy,
  OriginRequestQueryStringBehavior,
} from "aws-cdk-lib/aws-cloudfront";
import type { Construct } from "constructs";
import { VIEWER_ADDRESS_HEADER, VIEWER_HOST_HEADER } from "../../shared/http/front.ts";
import { VIEWER_PLACE_HEADERS } from "../../shared/http/place.ts";

/** What of a request goes on to the origin of this name and address, and what is written into it before. */
export type PassedOn = (
  name: string,
  url: string,
) => Pick<BehaviorOptions, "originRequestPolicy" | "functionAssociations">;

/** All that a viewer sends but the host: the origins are found by their own. */
export function allButHost(scope: Construct): PassedOn {
  const viewer = before(scope, "ViewerAddress", viewerCode());
  return () => ({ originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER, ...viewer });
}

/**
 * All that a viewer sends, and what CloudFront says of where the viewer is. No policy both adds those headers and leaves the
 * host out, so a function before each origin puts the origin's own in the place of ours.
 */
export function allAndPlace(scope: Construct): PassedOn {
  const originRequestPolicy = new OriginRequestPolicy(scope, "PassedOn", {
    comment: "All that a viewer sends, and where the viewer is",
    headerBehavior: OriginRequestHeaderBehavior.all(...Object.values(VIEWER_PLACE_HEADERS).map(asDocumented)),
    cookieBehavior: OriginRequestCookieBehavior.all(),
    queryStringBehavior: OriginRequestQueryStringBehavior.all(),
  });
  // One for each origin, however many paths lead there.
  const made = new Map<string, ReturnType<typeof before>>();
  return (name, url) => {
    const id = `Viewer-${name.replaceAll(/[^\w]/g, "-")}`;
    const viewer = made.get(id) ?? before(scope, id, viewerCode(hostOf(url)));
    made.set(id, viewer);
    return { originRequestPolicy, ...viewer };
  };
}

/** The host of an address that is known when it is deployed. */
export const hostOf = (url: string): string => Fn.select(2, Fn.split("/", url));

/** `cloudfront-viewer-city` as CloudFront writes it: `CloudFront-Viewer-City`. */
const asDocumented = (header: string): string =>
  header.replaceAll(/(?:^|-)[a-z]/g, (start) => start.toUpperCase()).replace("Cloudfront", "CloudFront");

/** A function that runs before a request goes on. */
function before(scope: Construct, id: string, code: string) {
  const viewer = new EdgeFunction(scope, id, {
    comment: "Says where a request comes from, and to which of our names",
    runtime: FunctionRuntime.JS_2_0,
    code: FunctionCode.fromInline(code),
  });
  return { functionAssociations: [{ function: viewer, eventType: FunctionEventType.VIEWER_REQUEST }] };
}

/** Writes over what a client sent by those names, and the origin's host, where it is given, in the place of ours. */
function viewerCode(originHost?: string): string {
  const [imported, replaced] =
    originHost === undefined
      ? ["", ""]
      : ["import cf from 'cloudfront';\n", `  cf.updateRequestOrigin({ hostHeader: '${originHost}' });\n`];
  return `${imported}function handler(event) {
  var request = event.request;
  request.headers['${VIEWER_ADDRESS_HEADER}'] = { value: event.viewer.ip };
  request.headers['${VIEWER_HOST_HEADER}'] = { value: request.headers.host.value };
${replaced}  return request;
}`;
}
