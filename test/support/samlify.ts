import { createRequire } from "node:module";

interface Request {
  readonly extract: { readonly request: { readonly id: string } };
}

interface Provider {
  parseLoginRequest(sp: object, binding: "redirect", sent: { query: Record<string, string> }): Promise<Request>;
  createLoginResponse(
    sp: object,
    request: Request,
    binding: "post",
    user: object,
    how: { customTagReplacement: (template: string) => { readonly id: string; readonly context: string } },
  ): Promise<{ readonly context: string }>;
}

/** As much of samlify as a provider needs. Its own types bring those of browsers, by which `ReadableStream` is another. */
interface Samlify {
  IdentityProvider(settings: object): Provider;
  ServiceProvider(settings: object): object;
  readonly SamlLib: {
    readonly defaultLoginResponseTemplate: { readonly context: string };
    replaceTagsByValue(template: string, values: Readonly<Record<string, string>>): string;
  };
  setSchemaValidator(validator: { validate(xml: string): Promise<string> }): void;
}

export const samlify: Samlify = createRequire(import.meta.url)("samlify");
