import { Stack } from "aws-cdk-lib";
import { CfnIntegration, CfnRoute, type HttpApi } from "aws-cdk-lib/aws-apigatewayv2";
import { CfnPermission } from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";
import { acknowledge } from "../nag.ts";
import { gatewayRoutes } from "../routes.ts";
import type { RoomFunction } from "./room-function.ts";

/**
 * The gateway's routes: one integration and one permission per function, two routes per noun. A resource per route
 * and operation would meet CloudFormation's limit of 500.
 */
export class ApiRoutes extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { api, functions }: { api: HttpApi; functions: Readonly<Record<string, RoomFunction>> },
  ) {
    super(scope, id);
    const integrations = new Map<string, CfnIntegration>();
    const routes = [...gatewayRoutes(), { key: "$default", room: "platform", fn: "api" }];
    for (const { key, room, fn } of routes) {
      const target = functions[`${room}/${fn}`];
      if (target === undefined) throw new Error(`route ${key} leads to ${room}/${fn}, which is no function`);
      let integration = integrations.get(`${room}/${fn}`);
      if (integration === undefined) {
        integration = new CfnIntegration(this, `To-${room}-${fn}`, {
          apiId: api.apiId,
          integrationType: "AWS_PROXY",
          integrationUri: target.fn.functionArn,
          payloadFormatVersion: "2.0",
        });
        new CfnPermission(this, `Permit-${room}-${fn}`, {
          action: "lambda:InvokeFunction",
          functionName: target.fn.functionArn,
          principal: "apigateway.amazonaws.com",
          sourceArn: Stack.of(this).formatArn({ service: "execute-api", resource: api.apiId, resourceName: "*" }),
        });
        integrations.set(`${room}/${fn}`, integration);
      }
      const route = new CfnRoute(this, `Route-${key.replaceAll(/[^\w]+/g, "-")}`, {
        apiId: api.apiId,
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
