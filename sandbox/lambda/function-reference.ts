// How a function can be named in Lambda's API: a name, `name:qualifier`, or an ARN with or without a qualifier.

export interface FunctionReference {
  name: string;
  qualifier?: string;
}

export const parseFunctionReference = (reference: string, qualifier?: string): FunctionReference => {
  const [name = "", own] = reference
    .replace(/^(arn:[^:]+:lambda:[^:]*:)?(\d{12}:)?(function:)?/, "")
    .split(":");
  const chosen = qualifier ?? own;
  return chosen === undefined ? { name } : { name, qualifier: chosen };
};
