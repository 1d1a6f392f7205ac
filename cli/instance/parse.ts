// An instance as a person names it.
import { type InstanceId, isInstanceId } from "../../shared/identifiers.ts";
import { UsageError } from "../options.ts";

/** @throws UsageError */
export const parseInstance = (text: string): InstanceId => {
  if (isInstanceId(text)) return text;
  throw new UsageError(
    `${JSON.stringify(text)} is not the id of an EC2 instance, such as i-0123456789abcdef0 (status shows them).`,
  );
};
