import { CfnOutput, Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { Certificate } from "aws-cdk-lib/aws-certificatemanager";
import {
  AllowedMethods,
  type BehaviorOptions,
  CachePolicy,
  Distribution,
  HeadersFrameOption,
  type OriginProps,
  OriginProtocolPolicy,
  ResponseHeadersPolicy,
  SecurityPolicyProtocol,
  ViewerProtocolPolicy,
} from "aws-cdk-lib/aws-cloudfront";
import { FunctionUrlOrigin, HttpOrigin } from "aws-cdk-lib/aws-cloudfront-origins";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { FunctionUrl } from "aws-cdk-lib/aws-lambda";
import { BlockPublicAccess, Bucket, ObjectOwnership } from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";
import { FRONT_SECRET_HEADER } from "../../shared/http/front.ts";
import { fullPath } from "../../shared/http/operation.ts";
import { bucketEncryption } from "../constructs/data-key.ts";
import { allAndPlace, allButHost, hostOf } from "../constructs/passed-on.ts";
import { acknowledge } from "../nag.ts";
import type { Product } from "../product.ts";
import type { Stage } from "../stages.ts";
import type { DataStack, StageProps } from "./data.ts";
import type { GatewayStack } from "./gateway.ts";

export interface FrontProps extends StageProps {
  readonly product: Product;
  readonly data: DataStack;
  readonly gateway: GatewayStack;
  /** The ARN of the firewall that stands before it, the deployment's own or one of the account. */
  readonly firewall: string | undefined;
  /** Addresses of the functions that stream, by `<room>/<function>`. */
  readonly streams: Readonly<Record<string, FunctionUrl>>;
}

/** A stream says something every 15 seconds, the API answers within 30; beyond this an origin is given up. */
const ANSWERS_WITHIN = Duration.seconds(60);

/**
 * The one origin of everything that a browser or a client calls: CloudFront before the HTTP API and the functions that
 * stream. Only deployed stages have it; on a laptop the local gateway does its work.
 */
export class FrontStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    { stage, product, data, gateway, firewall, streams, bundles: _, ...props }: FrontProps,
  ) {
    super(scope, id, props);
    const secret = gateway.frontSecret;
    if (secret === undefined) throw new Error("only a deployed stage has a front");
    const origin: OriginProps & { readTimeout: Duration; keepaliveTimeout: Duration } = {
      customHeaders: { [FRONT_SECRET_HEADER]: secret },
      readTimeout: ANSWERS_WITHIN,
      keepaliveTimeout: ANSWERS_WITHIN,
    };
    const common = this.#behavior();
    const passedOn = stage.sign_in_place ? allAndPlace(this) : allButHost(this);
    const behavior = (name: string, url: string) => ({ ...common, ...passedOn(name, url) });
    const api = new HttpOrigin(hostOf(gateway.api.apiEndpoint), {
      ...origin,
      protocolPolicy: OriginProtocolPolicy.HTTPS_ONLY,
    });
    const distribution = new Distribution(this, "Distribution", {
      comment: `Kaizen Studio ${stage.name}`,
      defaultBehavior: { ...behavior("Api", gateway.api.apiEndpoint), origin: api },
      additionalBehaviors: Object.fromEntries(
        streamPatterns(product).map(({ pattern, target }) => {
          const url = streams[target];
          if (url === undefined) throw new Error(`${pattern} is streamed by ${target}, which has no address`);
          return [pattern, { ...behavior(target, url.url), origin: new FunctionUrlOrigin(url, origin) }];
        }),
      ),
      logBucket: this.#logs(stage, data.dataKey),
      ...(firewall === undefined ? {} : { webAclId: firewall }),
      ...(stage.domain === undefined
        ? {}
        : {
            domainNames: [stage.domain.name],
            certificate: Certificate.fromCertificateArn(this, "Certificate", stage.domain.certificate_arn),
            minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
          }),
    });
    acknowledge(distribution, "AwsSolutions-CFR1", "Customers of a deployment may be anywhere.");
    if (firewall === undefined)
      acknowledge(
        distribution,
        "AwsSolutions-CFR2",
        "A firewall is the deployment's choice (-c firewall=true, -c web_acl_arn=…); limits by address, user and organization are the product's own.",
      );
    if (stage.domain === undefined)
      acknowledge(
        distribution,
        "AwsSolutions-CFR4",
        "Without a domain of its own a distribution has CloudFront's certificate and its protocols; -c domain_name=… sets TLS 1.2.",
      );

    const host = stage.domain?.name ?? distribution.distributionDomainName;
    new CfnOutput(this, "ApiUrl", { value: `https://${host}` });
    new CfnOutput(this, "DistributionDomain", { value: distribution.distributionDomainName });
  }

  /** Nothing is cached: answers depend on who asks. */
  #behavior(): Omit<BehaviorOptions, "origin"> {
    const headers = new ResponseHeadersPolicy(this, "Headers", {
      comment: "Only https, for a year",
      securityHeadersBehavior: {
        strictTransportSecurity: { accessControlMaxAge: Duration.days(365), includeSubdomains: true, override: true },
        frameOptions: { frameOption: HeadersFrameOption.DENY, override: false },
      },
    });
    return {
      allowedMethods: AllowedMethods.ALLOW_ALL,
      viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
      cachePolicy: CachePolicy.CACHING_DISABLED,
      responseHeadersPolicy: headers,
      compress: false,
    };
  }

  /** Who asked for what, streams too; the gateway's own log sees CloudFront's addresses only. */
  #logs(stage: Stage, dataKey: IKey | undefined): Bucket {
    const bucket = new Bucket(this, "Logs", {
      ...bucketEncryption(dataKey),
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      // CloudFront delivers its logs by an access control list.
      objectOwnership: ObjectOwnership.BUCKET_OWNER_PREFERRED,
      enforceSSL: true,
      lifecycleRules: [{ expiration: Duration.days(stage.log_retention_days) }],
      removalPolicy: stage.protect_data ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    acknowledge(bucket, "AwsSolutions-S1", "It holds access logs; logs of reading logs would have no end.");
    return bucket;
  }
}

/** Paths that go to functions that stream, as CloudFront matches them (`*` is any text), each with its function. */
export function streamPatterns({
  rooms,
  operations,
}: Product): { readonly pattern: string; readonly target: string }[] {
  return operations.flatMap(({ room, operation }) => {
    const fn = rooms.find(({ name }) => name === room)?.functions[operation.served_by];
    if (fn?.trigger.kind !== "stream") return [];
    const pattern = fullPath(operation).replaceAll(/\{\w+\}/g, "*");
    return [{ pattern, target: `${room}/${operation.served_by}` }];
  });
}
