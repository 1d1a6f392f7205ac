// The ids that the whole project speaks of, each with its own type, so that none is taken for another.

declare const brand: unique symbol;
type Brand<Name extends string> = string & { readonly [brand]: Name };

/** An EC2 instance, `i-0123456789abcdef0`. */
export type InstanceId = Brand<"InstanceId">;
/** A swarm node, 25 characters. Every join makes a new one. */
export type NodeId = Brand<"NodeId">;

const INSTANCE = /^i-[0-9a-f]{8,17}$/;
const NODE = /^[a-z0-9]{25}$/;

export const isInstanceId = (text: string): text is InstanceId => INSTANCE.test(text);
export const isNodeId = (text: string): text is NodeId => NODE.test(text);

/** @throws TypeError when the text is no instance id. */
export const instanceId = (text: string): InstanceId => {
  if (!isInstanceId(text))
    throw new TypeError(`not an EC2 instance id: ${JSON.stringify(text.slice(0, 40))}`);
  return text;
};
