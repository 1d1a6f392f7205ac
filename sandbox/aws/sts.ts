// Who am I: STS GetCallerIdentity, for people who check which keys they use.

import type { Caller, ServiceModel } from "../ports.ts";
import { describeOperation, type ServiceDescription } from "./schema.ts";

const namespace = "com.amazonaws.sts";
const request = [3, namespace, "GetCallerIdentityRequest", 0, [], []];
const response = [3, namespace, "GetCallerIdentityResponse", 0, ["UserId", "Account", "Arn"], [0, 0, 0]];

export const stsDescription: ServiceDescription = {
  signingName: "sts",
  protocol: "awsQuery",
  xmlNamespace: "https://sts.amazonaws.com/doc/2011-06-15/",
  operations: new Map([
    ["GetCallerIdentity", describeOperation([9, namespace, "GetCallerIdentity", 0, request, response])],
  ]),
  errors: [],
};

export const stsModel = (account: string): ServiceModel => ({
  signingName: "sts",
  operations: {
    GetCallerIdentity: (_input: unknown, caller: Caller) => ({
      UserId: caller.accessKeyId,
      Account: account,
      Arn: `arn:aws:sts::${account}:assumed-role/${caller.principal.replace(":", "/")}`,
    }),
  },
});
