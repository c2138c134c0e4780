import { Problem } from "../../../shared/errors.ts";

/** Large providers that the list leaves out. */
const ALSO = ["fastmail.com", "posteo.de", "tuta.com", "tuta.io", "tutanota.com"];

let loading: Promise<(domain: string) => string | undefined> | undefined;

/** The two lists are 280 KB, read when somebody first claims a domain. */
const judge = () => {
  loading ??= import("./lazy/names.ts").then(({ mailProviders, parse }) => {
    const providers = new Set<string>([...mailProviders, ...ALSO]);
    return (domain) => {
      const { domain: registered, isIcann, isPrivate } = parse(domain, { allowPrivateDomains: true });
      if (isIcann !== true && isPrivate !== true) return "stands under no public suffix";
      if (registered === null) return "is a public suffix, under which everybody can have a name";
      if (providers.has(domain) || providers.has(registered)) return "gives addresses to everybody";
      return undefined;
    };
  });
  return loading;
};

/**
 * Refuses a domain that can be no organization's own: public suffixes, names outside the public tree, and those of providers
 * that give addresses to everybody, with all that stands below these.
 * @throws Problem `validation_failed` (422)
 */
export async function requireClaimable(domain: string): Promise<void> {
  const refusal = (await judge())(domain);
  if (refusal === undefined) return;
  const issues = [{ path: "domain", message: refusal }];
  throw new Problem("validation_failed", `\`domain\` ${refusal}.`, { issues });
}
