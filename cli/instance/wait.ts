// For what an instance waits, by its lifecycle state: which hook, until when, and what happens then.
import { ahead, duration, moment } from "../terminal/times.ts";
import type { InstanceFacts } from "./facts.ts";
import type { GroupView, HookView } from "./group.ts";

/** What a state means, where nothing of it is waited for. */
const STATES: Readonly<Record<string, string>> = {
  Pending: "it was just launched; its launch hook begins any moment",
  "Pending:Proceed": "its launch hook is done; it goes into service any moment",
  InService: "it waits for nothing: it is in service",
  Terminating:
    "it is to go; its group takes it out of its load balancer first, then its terminate hook begins",
  "Terminating:Proceed": "its terminate hook is done; it is terminated any moment",
  "Terminating:Retained":
    "it is kept, and billed, because its logs could not be shipped; nothing ends that by itself: a person does",
  Standby: "somebody has put it aside; no hook tells when that ends, a person does",
  EnteringStandby: "somebody puts it aside",
  Detaching: "somebody takes it out of its group",
  "Warmed:Stopped": "it is stopped in the warm pool, and waits to be needed",
  "Warmed:Running": "it runs in the warm pool, and waits to be needed",
  "Warmed:Hibernated": "it hibernates in the warm pool, and waits to be needed",
};

export const stateText = (state: string): string =>
  STATES[state] ?? (state.endsWith(":Wait") ? "" : "its group is at it");

const transitionsOf = (state: string): HookView["transition"][] => {
  // The hook of a launch into a warm pool and that of a return to it wait in the same state.
  if (state.startsWith("Warmed:Pending")) return ["launch", "terminate"];
  return [state.startsWith("Pending") ? "launch" : "terminate"];
};

/** One line or two for each hook that may be the one that waits; empty: it waits for none. */
export const waitLines = ({ member, group, now, running }: InstanceFacts): string[] => {
  const state = member?.lifecycleState ?? "";
  if (!state.endsWith(":Wait") || !group) return [];
  const hooks = group.hooks.filter(({ transition }) => transitionsOf(state).includes(transition));
  if (hooks.length === 0) return ["a hook that its group has no longer: Auto Scaling ends the wait itself"];
  const begun = beginning(group, running?.startedAt);
  return hooks.flatMap((hook) => hookLines(hook, group, begun, now, running !== undefined));
};

/** The wait begins a little after the launch, and after the group's load balancer was left. */
const beginning = ({ activity }: GroupView, flowStartedAt: number | undefined): number | undefined =>
  flowStartedAt ?? activity?.startedAt;

const hookLines = (
  hook: HookView,
  group: GroupView,
  begun: number | undefined,
  now: number,
  kept: boolean,
): string[] => {
  const { name, transition, globalSeconds, heartbeatSeconds, defaultResult } = hook;
  const since = begun === undefined ? "since when is not known" : `for about ${duration(now - begun)}`;
  const last = begun === undefined ? undefined : begun + globalSeconds * 1000;
  const until =
    last === undefined ? `${duration(globalSeconds * 1000)} after it began` : `about ${ahead(last, now)}`;
  const silence = `without a heartbeat for ${duration(heartbeatSeconds * 1000)} it does so earlier`;
  const beat = begun === undefined ? "" : `, about ${moment(begun + heartbeatSeconds * 1000, now)}`;
  return [
    `hook ${name} (${transition}) of group ${group.name}, ${since}`,
    `at the latest until ${until}: then the group does ${defaultResult}: ${effect(hook, group)}`,
    kept ? `${silence}; the flow sends them` : `${silence}${beat}, and nobody sends any`,
  ];
};

const effect = ({ transition, defaultResult }: HookView, { retains }: GroupView): string => {
  if (transition === "launch")
    return defaultResult === "ABANDON"
      ? "it is terminated, and the group launches another"
      : "it goes into service as it is";
  if (defaultResult === "ABANDON" && retains) return "it is kept as Terminating:Retained";
  return "it is terminated, with whatever logs it still has";
};
