// DescribeInstanceInformation: the instances whose agents are registered, and whether they answer.
import type * as Sdk from "@aws-sdk/client-ssm";
import { AwsError } from "../../ports.ts";
import { page } from "../paging.ts";
import type { RegisteredAgent } from "./agents.ts";
import type { Parts } from "./parts.ts";

interface Filter {
  key: string;
  values: readonly string[];
}

export function describeInstanceInformation(
  parts: Parts,
  input: Sdk.DescribeInstanceInformationRequest,
): Sdk.DescribeInstanceInformationResult {
  const filters: Filter[] = [
    ...(input.Filters ?? []).map(({ Key = "", Values = [] }) => ({ key: Key, values: Values })),
    ...(input.InstanceInformationFilterList ?? []).map(({ key = "", valueSet = [] }) => ({
      key,
      values: valueSet,
    })),
  ];
  const size = input.MaxResults ?? 10;
  if (size < 5 || size > 50) {
    throw new AwsError("ValidationException", `Value '${size}' at 'maxResults' must be between 5 and 50`);
  }
  const wanted = parts.agents
    .registered()
    .filter((agent) => filters.every((one) => passes(parts, one, agent)));
  const { items, nextToken } = page(wanted, size, input.NextToken);
  return {
    InstanceInformationList: items.map(describe),
    ...(nextToken ? { NextToken: nextToken } : {}),
  };
}

function passes(parts: Parts, { key, values }: Filter, agent: RegisteredAgent): boolean {
  switch (key) {
    case "PingStatus":
      return values.includes(pingStatus(agent));
    case "AgentVersion":
      return values.includes(agent.agentVersion);
    case "PlatformTypes":
      return values.includes("Linux");
    case "ResourceType":
      return values.includes("EC2Instance");
    default:
      if (key !== "InstanceIds" && !key.startsWith("tag:")) {
        throw new AwsError("InvalidFilterKey", `The filter key '${key}' is not known.`);
      }
      return parts.select(key, values).includes(agent.instanceId);
  }
}

const pingStatus = ({ online }: RegisteredAgent): Sdk.PingStatus => (online ? "Online" : "ConnectionLost");

const describe = (agent: RegisteredAgent): Sdk.InstanceInformation => ({
  InstanceId: agent.instanceId,
  PingStatus: pingStatus(agent),
  LastPingDateTime: new Date(agent.lastPingAt),
  RegistrationDate: new Date(agent.registeredAt),
  AgentVersion: agent.agentVersion,
  IsLatestVersion: true,
  PlatformType: "Linux",
  PlatformName: "Amazon Linux",
  PlatformVersion: "2023",
  ResourceType: "EC2Instance",
  IPAddress: agent.address,
  ComputerName: `ip-${agent.address.replaceAll(".", "-")}.internal`,
  SourceId: agent.instanceId,
  SourceType: "AWS::EC2::Instance",
});
