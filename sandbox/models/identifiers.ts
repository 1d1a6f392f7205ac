// Identifiers that AWS would draw at random: handed in, so that a test can repeat a run exactly.
import { randomBytes } from "node:crypto";

/** Answers 16 hexadecimal digits that were not answered before. */
export type Identifiers = () => string;

export const randomIdentifiers: Identifiers = () => randomBytes(8).toString("hex");

/** 0000000000000001, 0000000000000002, … for tests. */
export const sequentialIdentifiers = (start = 1): Identifiers => {
  let next = start;
  return () => (next++).toString(16).padStart(16, "0");
};

/** A UUID (version 4 in form) made of two identifiers, as tokens and command ids have. */
export const uuid = (identifiers: Identifiers): string => {
  const digits = identifiers() + identifiers();
  const part = (from: number, to: number) => digits.slice(from, to);
  return `${part(0, 8)}-${part(8, 12)}-4${part(13, 16)}-8${part(17, 20)}-${part(20, 32)}`;
};
