// An object that stands in for an SDK client and reaches the models without HTTP: for flow tests, where time is
// virtual and a socket would let real time in.

import type { Caller } from "../ports.ts";
import { AwsError } from "../ports.ts";
import type { Catalogue } from "./catalogue.ts";
import { clientName } from "./error-codes.ts";
import type { Handle } from "./handle.ts";

interface SentCommand {
  readonly input: unknown;
  readonly constructor: { readonly name: string };
}

/**
 * @param catalogue Given: errors are named as the SDK names them (see error-codes.ts).
 * @example const ssm = inProcessClient<SSMClient>(handle, "ssm", { accessKeyId: "AKIA1", principal: "function:join-node" });
 */
export const inProcessClient = <Client extends { send: unknown }>(
  handle: Handle,
  signingName: string,
  caller: Caller,
  catalogue?: Catalogue,
): Client => {
  const client = {
    // Inputs and outputs are copied, as a wire would: a model's later changes must not show in an old answer.
    send: async (command: SentCommand): Promise<unknown> => {
      const operation = command.constructor.name.replace(/Command$/, "");
      try {
        const output = await handle(signingName, operation, copy(command.input ?? {}), caller);
        return { ...(copy(output ?? {}) as object), $metadata: { httpStatusCode: 200, attempts: 1 } };
      } catch (error) {
        throw error instanceof AwsError ? asClientError(error, signingName, catalogue) : error;
      }
    },
    destroy: (): void => {},
    config: {},
  };
  // One cast: `send` is overloaded for each command of a client, and all of them come down to the function above.
  return client as unknown as Client;
};

/** Not structuredClone: under jest it makes dates and lists of another realm, which `instanceof` does not know. */
const copy = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  if (value instanceof Date) return new Date(value);
  if (Array.isArray(value)) return value.map(copy);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copy(item)]));
};

/** The marks of the SDK's ServiceException, by which `instanceof` works there too. */
const asClientError = (error: AwsError, signingName: string, catalogue: Catalogue | undefined): Error => {
  const name = clientName(catalogue?.get(signingName), error.code);
  return Object.assign(new Error(error.message, { cause: error }), {
    name,
    Code: error.code,
    $fault: error.status < 500 ? "client" : "server",
    $metadata: { httpStatusCode: error.status, attempts: 1 },
  });
};
