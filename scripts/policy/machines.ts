// Machines: their metadata only by session token and never for containers; groups that never end a machine whose logs may be on it.
import { at, branches, type JsonObject, objects, ofTypes, type Rule } from "./template.ts";

export const metadata: Rule = (template) => {
  const problems = ofTypes(template, "AWS::EC2::Instance", "AWS::AutoScaling::LaunchConfiguration").map(
    ([id]) => `${id}: takes its settings from no launch template; make one, so that these rules hold for it`,
  );
  for (const [id, properties] of ofTypes(template, "AWS::EC2::LaunchTemplate")) {
    const options = (name: string) => at(properties, "LaunchTemplateData", "MetadataOptions", name);
    if (!options("HttpTokens").every((tokens) => tokens === "required"))
      problems.push(`${id}: answers metadata without a session token (IMDSv1); set HttpTokens: required`);
    if (!options("HttpPutResponseHopLimit").every((hops) => Number(hops) === 1))
      problems.push(`${id}: gives containers the machine's role; set HttpPutResponseHopLimit: 1`);
  }
  return problems;
};

const judgeHook = (id: string, hook: JsonObject): string[] => {
  const name = `${id}: the hook ${JSON.stringify(hook.LifecycleHookName ?? "without a name")}`;
  return [
    ...(branches(hook.HeartbeatTimeout).every((seconds) => Number(seconds) >= 30 && Number(seconds) <= 7200)
      ? []
      : [`${name} leaves its heartbeat to AWS, or has one out of range; set HeartbeatTimeout, 30 to 7200`]),
    ...(branches(hook.DefaultResult).every((result) => result === "ABANDON")
      ? []
      : [`${name} lets a machine pass that nobody answered for; set DefaultResult: ABANDON`]),
  ];
};

export const groups: Rule = (template) => {
  const problems: string[] = [];
  for (const [id, properties] of ofTypes(template, "AWS::AutoScaling::AutoScalingGroup")) {
    if (!branches(properties.HealthCheckType).every((type) => type === "EC2"))
      problems.push(`${id}: a load balancer's opinion would end its machines; set HealthCheckType: EC2`);
    if (
      !at(properties, "InstanceLifecyclePolicy", "RetentionTriggers", "TerminateHookAbandon").every(
        (trigger) => trigger === "retain",
      )
    )
      problems.push(
        `${id}: an abandoned terminate hook ends the machine and its logs; set InstanceLifecyclePolicy.RetentionTriggers.TerminateHookAbandon: retain`,
      );
    const hooks = objects(properties.LifecycleHookSpecificationList);
    for (const transition of ["LAUNCHING", "TERMINATING"])
      if (!hooks.some((hook) => hook.LifecycleTransition === `autoscaling:EC2_INSTANCE_${transition}`))
        problems.push(
          `${id}: has no hook for ${transition} in itself, and its first machines would have none; add it to LifecycleHookSpecificationList`,
        );
    problems.push(...hooks.flatMap((hook) => judgeHook(id, hook)));
  }
  for (const [id, hook] of ofTypes(template, "AWS::AutoScaling::LifecycleHook"))
    problems.push(...judgeHook(id, hook));
  return problems;
};
