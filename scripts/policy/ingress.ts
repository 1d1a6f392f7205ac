// Nobody comes in from the world but to port 80 of the load balancer, where a deployment wants that.
import { branches, type JsonObject, objects, ofTypes, type Rule } from "./template.ts";

/** The one rule that may: by its logical id, so that another one is a decision that somebody makes here. */
const FROM_WORLD = { id: "WebFromWorld", port: 80 };
/** Wider than any allow-list: two halves of the world would be the world as well. */
const NARROWEST_WORLD = 8;

const isWorld = ({ CidrIp, CidrIpv6 }: JsonObject): boolean =>
  [...branches(CidrIp), ...branches(CidrIpv6)].some(
    (cidr) => cidr !== undefined && Number(String(cidr).split("/")[1] ?? 32) < NARROWEST_WORLD,
  );

const isWebAlone = ({ IpProtocol, FromPort, ToPort }: JsonObject): boolean =>
  IpProtocol === "tcp" && Number(FromPort) === FROM_WORLD.port && Number(ToPort) === FROM_WORLD.port;

const judge = (id: string, rule: JsonObject, ofItself: boolean): string[] => {
  const problems: string[] = [];
  if (isWorld(rule) && !(ofItself && id === FROM_WORLD.id && isWebAlone(rule)))
    problems.push(
      `${id}: lets the world in at port ${rule.FromPort ?? "any"}; only ${FROM_WORLD.id} may, at port ${FROM_WORLD.port}: name a security group or a prefix list`,
    );
  if (String(rule.IpProtocol) === "-1" || rule.FromPort === undefined || rule.ToPort === undefined)
    problems.push(`${id}: lets in every port; name protocol, FromPort and ToPort`);
  else if (Number(rule.FromPort) !== Number(rule.ToPort))
    problems.push(`${id}: lets in the ports ${rule.FromPort}-${rule.ToPort}; name each port that is needed`);
  return problems;
};

export const ingress: Rule = (template) => [
  ...ofTypes(template, "AWS::EC2::SecurityGroup").flatMap(([id, { SecurityGroupIngress }]) =>
    objects(SecurityGroupIngress).flatMap((rule) => judge(id, rule, false)),
  ),
  ...ofTypes(template, "AWS::EC2::SecurityGroupIngress").flatMap(([id, rule]) => judge(id, rule, true)),
];
