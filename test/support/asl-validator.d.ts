declare module "asl-validator" {
  /** Checks a state machine's definition against the language. */
  export default function validate(definition: unknown): { readonly isValid: boolean; readonly errors: unknown[] };
}
