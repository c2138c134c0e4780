import { Stack } from "aws-cdk-lib";
import { CfnIntegration, CfnRoute } from "aws-cdk-lib/aws-apigatewayv2";
import { CfnPermission } from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";
import { acknowledge } from "../nag.ts";
import type { Route } from "../routes.ts";
import type { RoomFunction } from "./room-function.ts";

export interface ApiRoutesProps {
  readonly apiId: string;
  readonly routes: readonly Route[];
  /** By `<room>/<function>`. */
  readonly functions: Readonly<Record<string, RoomFunction>>;
}

/**
 * Routes to the functions of one stack: one integration and one permission per function, two routes per noun. They stand
 * in the stack of their function: the API's own stack stays small, and refers to none that comes after it.
 */
export class ApiRoutes extends Construct {
  constructor(scope: Construct, id: string, { apiId, routes, functions }: ApiRoutesProps) {
    super(scope, id);
    const integrations = new Map<string, CfnIntegration>();
    for (const { key, room, fn } of routes) {
      const target = functions[`${room}/${fn}`];
      if (target === undefined) throw new Error(`route ${key} leads to ${room}/${fn}, which is no function`);
      let integration = integrations.get(`${room}/${fn}`);
      if (integration === undefined) {
        integration = new CfnIntegration(this, `To-${room}-${fn}`, {
          apiId,
          integrationType: "AWS_PROXY",
          integrationUri: target.fn.functionArn,
          payloadFormatVersion: "2.0",
        });
        new CfnPermission(this, `Permit-${room}-${fn}`, {
          action: "lambda:InvokeFunction",
          functionName: target.fn.functionArn,
          principal: "apigateway.amazonaws.com",
          sourceArn: Stack.of(this).formatArn({ service: "execute-api", resource: apiId, resourceName: "*" }),
        });
        integrations.set(`${room}/${fn}`, integration);
      }
      const route = new CfnRoute(this, `Route-${key.replaceAll(/[^\w]+/g, "-")}`, {
        apiId,
        routeKey: key,
        target: `integrations/${integration.ref}`,
      });
      acknowledge(
        route,
        "AwsSolutions-APIG4",
        "Every operation authenticates and authorizes in its function against live sessions and memberships; a gateway authorizer could only check the token.",
      );
    }
  }
}
