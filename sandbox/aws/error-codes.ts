// Some query services call an error differently on the wire and in the SDK (`InvalidInstance` on Classic ELB's
// wire is the client's `InvalidEndPointException`). Models may use either name.

import type { ServiceDescription } from "./schema.ts";

/** What the wire calls the error. */
export const wireCode = (service: ServiceDescription | undefined, code: string): string =>
  service?.errors.find((error) => error.name === code)?.code ?? code;

/** What the SDK's client names the error. */
export const clientName = (service: ServiceDescription | undefined, code: string): string =>
  service?.errors.find((error) => error.code === code)?.name ?? code;
