// The ids that everything turns on, each with a type of its own, so that no other text is taken for it.

declare const brand: unique symbol;
type Brand<Name extends string> = string & { readonly [brand]: Name };

/** An EC2 instance, `i-0123456789abcdef0`. */
export type InstanceId = Brand<"InstanceId">;

const INSTANCE = /^i-[0-9a-f]{8,17}$/;

export const isInstanceId = (text: string): text is InstanceId => INSTANCE.test(text);

/** Digest of an image's manifest, `sha256:…`. */
export type Digest = Brand<"Digest">;

const DIGEST = /^sha256:[0-9a-f]{64}$/;

export const isDigest = (text: string): text is Digest => DIGEST.test(text);
