import "reflect-metadata";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, PutCommand } from "@aws-sdk/lib-dynamodb";
import { configure } from "@codegenie/serverless-express";
import {
  Body,
  type CanActivate,
  Controller,
  type ExecutionContext,
  ForbiddenException,
  Inject,
  Injectable,
  Module,
  Post,
  SetMetadata,
  UseGuards,
  ValidationPipe,
} from "@nestjs/common";
import { NestFactory, Reflector } from "@nestjs/core";
import { ExpressAdapter } from "@nestjs/platform-express";
import { IsOptional, IsString, MaxLength, MinLength } from "class-validator";

/**
 * One endpoint as a NestJS application on Lambda has it: a validated body, a permission in a guard, an injected
 * DynamoDB client. It does less than our functions do (no token, no live rights, no rate limit, no idempotency, no log), so the
 * comparison favours it.
 */
class CreateAgent {
  @IsString()
  @MinLength(1)
  @MaxLength(120)
  name!: string;

  @IsOptional()
  @IsString()
  @MaxLength(2_000)
  description?: string;
}

const Permission = (permission: string) => SetMetadata("permission", permission);

@Injectable()
class PermissionGuard implements CanActivate {
  readonly #reflector: Reflector;

  constructor(@Inject(Reflector) reflector: Reflector) {
    this.#reflector = reflector;
  }

  canActivate(context: ExecutionContext): boolean {
    const needed = this.#reflector.get<string>("permission", context.getHandler());
    const { headers } = context.switchToHttp().getRequest();
    const granted = String(headers["x-permissions"] ?? "").split(",");
    if (!granted.includes(needed)) throw new ForbiddenException(`This needs the permission ${needed}.`);
    return true;
  }
}

@Injectable()
class Agents {
  readonly #client: DynamoDBDocumentClient;

  constructor(@Inject(DynamoDBDocumentClient) client: DynamoDBDocumentClient) {
    this.#client = client;
  }

  async create(agent: CreateAgent) {
    const stored = { ...agent, id: crypto.randomUUID() };
    await this.#client.send(
      new PutCommand({ TableName: process.env.TABLE_NAME, Item: { ...stored, pk: stored.id, sk: "AGENT" } }),
    );
    return stored;
  }
}

@Controller("agents")
@UseGuards(PermissionGuard)
class AgentsController {
  readonly #agents: Agents;

  constructor(@Inject(Agents) agents: Agents) {
    this.#agents = agents;
  }

  @Post()
  @Permission("agents:create")
  create(
    @Body(new ValidationPipe({ expectedType: CreateAgent, whitelist: true, forbidNonWhitelisted: true }))
    body: CreateAgent,
  ) {
    return this.#agents.create(body);
  }
}

@Module({
  controllers: [AgentsController],
  providers: [
    Agents,
    PermissionGuard,
    { provide: DynamoDBDocumentClient, useFactory: () => DynamoDBDocumentClient.from(new DynamoDBClient({})) },
  ],
})
class AppModule {}

async function bootstrap() {
  const app = await NestFactory.create(AppModule, new ExpressAdapter(), { logger: ["error"] });
  await app.init();
  return configure({ app: app.getHttpAdapter().getInstance() });
}

export const handler = await bootstrap();
