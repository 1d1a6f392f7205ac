// The registry's passwords, as ECR gives them: opaque, several valid at once, each for twelve hours, and each good for what
// the one may do whom it was issued to.

import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

export interface RegistryToken {
  /** For `docker login --username AWS`. */
  password: string;
  /** `GetAuthorizationToken`'s form: Base64 of `AWS:<password>`. */
  authorizationToken: string;
  expiresAt: Date;
}

export type TokenVerdict =
  | { verdict: "valid" /** Whom it was issued to. */; principal: string }
  | { verdict: "expired" | "missing" | "unknown" };

export interface RegistryTokensOptions {
  /** Default 43,200, ECR's twelve hours. */
  lifetimeSeconds?: number;
  /** Milliseconds since the epoch. */
  now?: () => number;
  /** Tokens are valid across restarts only with the same secret. Default: a new one. */
  secret?: Buffer;
}

/**
 * A token carries its own end and its principal, signed; so nothing is kept, any number overlap, and none can be made up.
 */
export class RegistryTokens {
  readonly #lifetimeMilliseconds: number;
  readonly #now: () => number;
  readonly #secret: Buffer;

  constructor(options: RegistryTokensOptions = {}) {
    this.#lifetimeMilliseconds = (options.lifetimeSeconds ?? 43_200) * 1000;
    this.#now = options.now ?? Date.now;
    this.#secret = options.secret ?? randomBytes(32);
  }

  /** @param principal for example `instance:i-0abc…` */
  issue(principal = "operator"): RegistryToken {
    const end = this.#now() + this.#lifetimeMilliseconds;
    const holder = Buffer.from(principal).toString("base64url");
    const content = `${end}.${holder}.${randomBytes(12).toString("base64url")}`;
    const password = `${content}.${this.#sign(content)}`;
    const authorizationToken = Buffer.from(`AWS:${password}`).toString("base64");
    return { password, authorizationToken, expiresAt: new Date(end) };
  }

  /** Judges the `Authorization` header of a request to the registry. */
  check(header: string | undefined): TokenVerdict {
    const encoded = /^Basic\s+(\S+)$/i.exec(header ?? "")?.[1];
    if (encoded === undefined) return { verdict: "missing" };
    const text = Buffer.from(encoded, "base64").toString("utf8");
    const [, content, end, holder = "", signature] =
      /^AWS:((\d+)\.([\w-]+)\.[\w-]+)\.([\w-]+)$/.exec(text) ?? [];
    if (content === undefined || signature === undefined) return { verdict: "unknown" };
    const expected = Buffer.from(this.#sign(content));
    const given = Buffer.from(signature);
    if (expected.length !== given.length || !timingSafeEqual(expected, given)) return { verdict: "unknown" };
    if (Number(end) <= this.#now()) return { verdict: "expired" };
    return { verdict: "valid", principal: Buffer.from(holder, "base64url").toString("utf8") };
  }

  #sign(content: string): string {
    return createHmac("sha256", this.#secret).update(content).digest("base64url");
  }
}
