// In what a sandbox differs from what the template deploys: all of it, each with its reason. Whatever is not listed here is the
// template's. (How the template is packaged: sandbox/template/packaging.ts.)
import type { GroupDefinition } from "../template/infrastructure-types.ts";
import type { FunctionDefinition, Template } from "../template/types.ts";
import {
  addresses,
  type CloudConfiguration,
  names,
  rollDelaySeconds,
  scanIntervalSeconds,
} from "./configuration.ts";
import { sandboxStack } from "./stack.ts";

interface Override {
  /** As docs/sandbox.md has it. */
  what: string;
  why: string;
  apply(template: Template, configuration: CloudConfiguration): Partial<Template>;
}

const eachGroup = (
  { groups }: Template,
  change: (group: GroupDefinition) => Partial<GroupDefinition>,
): Partial<Template> => ({ groups: groups.map((group) => ({ ...group, ...change(group) })) });

const eachFunction = (
  { functions }: Template,
  environment: Readonly<Record<string, string>>,
): Partial<Template> => ({
  functions: functions.map((each) => ({ ...each, environment: { ...each.environment, ...environment } })),
});

export const OVERRIDES: readonly Override[] = [
  {
    what: "least and first capacity of the groups: 0",
    why: "how many machines there are to be is said when it is up, managers first, so that each phase is timed; and a test lets a group go to nothing",
    apply: (template, { asDeployed }) =>
      asDeployed ? {} : eachGroup(template, () => ({ min: 0, desired: 0 })),
  },
  {
    what: "heartbeats of the hooks: `heartbeatSeconds`",
    why: "a hook that nobody answers must end while somebody watches; the functions are told the template's",
    apply: (template, { heartbeatSeconds, asDeployed }) =>
      asDeployed
        ? {}
        : eachGroup(template, ({ hooks }) => ({
            hooks: hooks.map((hook) => ({ ...hook, heartbeatTimeoutSeconds: heartbeatSeconds })),
          })),
  },
  {
    what: "load balancers of the groups: none with `--not-attached`",
    why: "an owner may attach it or not (facts A10)",
    apply: (template, { attached }) =>
      attached ? {} : eachGroup(template, () => ({ loadBalancerNames: [] })),
  },
  {
    what: "what an abandoned terminate hook does: `terminateHookAbandon`",
    why: "an owner's own group may lack the policy (facts A4)",
    apply: (template, { terminateHookAbandon }) =>
      terminateHookAbandon === undefined ? {} : eachGroup(template, () => ({ terminateHookAbandon })),
  },
  {
    what: "health checks of the load balancer: every half second",
    why: "a join waits for two of them; at the template's 5 s they would be most of what it takes",
    apply: ({ loadBalancers }) => ({
      loadBalancers: loadBalancers.map((each) => ({
        ...each,
        health: { ...each.health, everyMilliseconds: 500 },
      })),
    }),
  },
  {
    what: "`REGISTRY` of the functions",
    why: "the registry is on this machine, at an address of its own",
    apply: (template) => eachFunction(template, { REGISTRY: addresses.registry }),
  },
  {
    what: "`SCAN_INTERVAL_SECONDS` of the functions",
    why: "the sandbox's filebeat looks more often, so that a demonstration need not wait",
    apply: (template) => eachFunction(template, { SCAN_INTERVAL_SECONDS: String(scanIntervalSeconds) }),
  },
  {
    what: "`ROLL_DELAY_SECONDS` of the functions",
    why: "2 s: the load balancer takes a worker back after two good answers, each half a second apart",
    apply: (template) => eachFunction(template, { ROLL_DELAY_SECONDS: String(rollDelaySeconds) }),
  },
  {
    what: "settings of the functions: `--set`",
    why: "a test is of a setting",
    apply: (template, { settings }) => {
      expectKnown(Object.keys(settings), template.functions);
      return eachFunction(template, settings);
    },
  },
  {
    what: "the stack: the sandbox's own services, or none",
    why: "demo images that write and stop as asked, in place of Hive; published by hosts, since this kernel may have no IPVS",
    apply: ({ parameters }, configuration) => ({
      parameters: parameters.flatMap((each) => {
        if (each.name !== names.stack) return [each];
        if (configuration.replicas === 0) return [];
        return [{ ...each, value: JSON.stringify(sandboxStack(configuration)) }];
      }),
    }),
  },
  {
    what: "repairs of the schedule: `--repair-every`",
    why: "without events they do everything, and five minutes are long",
    apply: ({ rules }, { repairEverySeconds }) =>
      repairEverySeconds === undefined
        ? {}
        : {
            rules: rules.map((rule) =>
              rule.targets.some(({ input }) => input?.includes('"Repair Due"'))
                ? { ...rule, schedule: `rate(${repairEverySeconds} seconds)` }
                : rule,
            ),
          },
  },
];

/** What the sandbox provisions. @throws Error for a setting that no function has */
export const overridden = (template: Template, configuration: CloudConfiguration): Template => {
  let current = template;
  for (const { apply } of OVERRIDES) current = { ...current, ...apply(current, configuration) };
  return current;
};

/** A misspelt setting would change nothing, and nobody would know. */
const expectKnown = (settings: string[], functions: readonly FunctionDefinition[]): void => {
  const known = new Set(functions.flatMap(({ environment }) => Object.keys(environment)));
  const unknown = settings.filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  throw new Error(
    `No function has a setting ${unknown.join(", ")}; there are ${[...known].sort().join(", ")}`,
  );
};
