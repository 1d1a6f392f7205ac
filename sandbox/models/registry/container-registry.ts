// ECR's API, as far as a login needs it: the images themselves are in the real registry.
import type * as Sdk from "@aws-sdk/client-ecr";
import type { Caller, ServiceModel } from "../../ports.ts";

export interface IssuedToken {
  password: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

export interface ContainerRegistryOptions {
  /** Makes a password that the registry accepts until then. Real ones live 12 hours. */
  issue: (caller: Caller) => IssuedToken | Promise<IssuedToken>;
  /** With scheme, for example `https://10.78.0.1:5000`. */
  proxyEndpoint: string;
}

export class ContainerRegistry implements ServiceModel {
  readonly signingName = "ecr";
  readonly operations = {
    GetAuthorizationToken: (input: Sdk.GetAuthorizationTokenRequest, caller: Caller) =>
      this.#authorize(input, caller),
  };
  readonly #options: ContainerRegistryOptions;

  constructor(options: ContainerRegistryOptions) {
    this.#options = options;
  }

  async #authorize(
    _input: Sdk.GetAuthorizationTokenRequest,
    caller: Caller,
  ): Promise<Sdk.GetAuthorizationTokenResponse> {
    const { password, expiresAt } = await this.#options.issue(caller);
    return {
      authorizationData: [
        {
          authorizationToken: Buffer.from(`AWS:${password}`).toString("base64"),
          expiresAt: new Date(expiresAt),
          proxyEndpoint: this.#options.proxyEndpoint,
        },
      ],
    };
  }
}
