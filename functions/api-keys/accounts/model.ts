import * as z from "zod";
import { type ServiceAccount, serviceAccountStatus } from "../../../shared/access/keys/items.ts";
import { idSchema } from "../../../shared/ids.ts";

/** A service account as the API shows it. */
export const serviceAccountView = z
  .object({
    id: idSchema("service_account"),
    organization_id: idSchema("organization"),
    name: z.string(),
    description: z.string(),
    role: z.string().meta({ example: "developer" }),
    status: serviceAccountStatus,
    created_by: z.string().meta({ example: "usr_01JDQ4X0Z5V8W3N7K2M9R6T1BC" }),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({
    id: "ServiceAccount",
    description: "Whoever programs act as that are nobody's: it has a role and API keys, and no sign-in.",
  });

/** What every event of an account says of it. */
export const aboutAccount = ({ id, name, role }: ServiceAccount) => ({ service_account_id: id, name, role });
