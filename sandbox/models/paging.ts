// Pages of a list: the token is the place where the next page starts, as an opaque string.
import { AwsError } from "../ports.ts";

export interface Page<T> {
  items: T[];
  nextToken?: string;
}

const PREFIX = "page-";

/** @throws AwsError with `code` when the token is not one that an earlier page gave. */
export function page<T>(
  all: readonly T[],
  size: number,
  token: string | undefined,
  code = "InvalidNextToken",
): Page<T> {
  const from = token === undefined ? 0 : Number(token.replace(PREFIX, ""));
  if (token !== undefined && (!token.startsWith(PREFIX) || !Number.isInteger(from))) {
    throw new AwsError(code, `The token '${token}' is invalid.`);
  }
  const items = all.slice(from, from + size);
  return from + size < all.length ? { items, nextToken: `${PREFIX}${from + size}` } : { items };
}
