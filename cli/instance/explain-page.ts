// Why an instance still waits: since when, until when, and what would end it.
import { folded, plain } from "../terminal/text.ts";
import { ago, ahead, duration } from "../terminal/times.ts";
import { actionsOf, type InstanceFacts, memberIn, nodesIn } from "./facts.ts";
import { holdings, quorumText } from "./holdings.ts";
import { endsWhen } from "./until.ts";
import { stateText, waitLines } from "./wait.ts";

/** A heading, and what stands beside it. */
export type Row = readonly [label: string, lines: readonly string[]];

export const explainRows = (facts: InstanceFacts): Row[] =>
  [
    ["State", stateLines(facts)],
    ["Waits for", waitLines(facts)],
    ["At it", flowLines(facts)],
    ["Because", becauseLines(facts)],
    ["Ends when", endLines(facts)],
    ["So far", soFar(facts)],
    ["Before", pastLines(facts)],
    ["Has", holdings(facts.report.picture, facts.instanceId)],
    ["Quorum", quorumLines(facts)],
    ["Repair", repairLines(facts)],
  ]
    .map(([label, lines]): Row => [label as string, (lines as string[]).filter(Boolean).map(plain)])
    .filter(([, lines]) => lines.length > 0);

/** @returns undefined: nothing at all is known of it. */
export const titleOf = (facts: InstanceFacts): string | undefined => {
  const { instanceId, member, report, past, running } = facts;
  const { picture } = report;
  if (member) {
    const role = memberIn(picture, instanceId)?.role;
    const health = member.healthy ? "" : ", unhealthy";
    return plain(
      `${instanceId}${role ? `, ${role}` : ""} of group ${member.group}: ${member.lifecycleState}${health}`,
    );
  }
  const { agents, balancer } = picture;
  const known =
    past !== undefined ||
    running !== undefined ||
    nodesIn(picture, instanceId).length > 0 ||
    (agents.known && agents.value.some((one) => one.instanceId === instanceId)) ||
    (balancer?.known && balancer.value.members.some((one) => one.instanceId === instanceId));
  return known ? `${instanceId}: no Auto Scaling group knows it (any more)` : undefined;
};

export const explainPage = (title: string, rows: readonly Row[], columns: number | undefined): string => {
  const width = Math.max(...rows.map(([label]) => label.length)) + 2;
  const body = rows.flatMap(([label, lines]) =>
    lines
      .flatMap((line) => (columns === undefined ? [line] : folded(line, Math.max(20, columns - width))))
      .map((line, index) => `${(index === 0 ? label : "").padEnd(width)}${line}`),
  );
  return [title, "", ...body].join("\n");
};

const stateLines = ({ member, group, now }: InstanceFacts): string[] => {
  if (!member) return ["it was terminated, or taken out of its group by hand"];
  const { activity } = group ?? {};
  return [
    stateText(member.lifecycleState),
    activity ? `${activity.description}, ${ago(activity.startedAt, now)}` : "",
    activity?.cause ?? "",
  ];
};

const waits = ({ member }: InstanceFacts): boolean => member?.lifecycleState.endsWith(":Wait") === true;

const flowLines = (facts: InstanceFacts): string[] => {
  const { running, now } = facts;
  if (!running)
    return waits(facts) ? ["nobody: no flow runs for it. Its event was lost, or its flow has failed"] : [];
  const { step } = running.state;
  const lines = [`${running.name}, since ${ago(running.startedAt, now)}`];
  if (step) {
    const next =
      step.nextLookAt === undefined
        ? "is looked at right now"
        : `looked at again ${ahead(step.nextLookAt, now)}`;
    lines.push(
      `step "${step.name}": ${step.doing}`,
      `for ${duration(now - step.since)}, ${step.looks} look${step.looks === 1 ? "" : "s"}; ${next}`,
    );
  }
  return lines;
};

/** The execution's history keeps no word of a wait that goes on: so its facts are looked at anew. */
const becauseLines = ({ running, instanceId, now, report }: InstanceFacts): string[] => {
  const { step } = running?.state ?? {};
  if (!running || !step) return [];
  const { command } = running;
  const lines: string[] = [];
  if (step.trouble) lines.push(`its last look failed: ${step.trouble}`);
  if (step.name.startsWith("logs shipped") && command?.logs)
    lines.push(`${command.logs.summary} (looked at ${ago(command.logs.at, now)})`);
  if (command && !/^(complete|load balancer|find managers)/.test(step.name))
    lines.push(`its last command: ${command.document}, ${command.status}, sent ${ago(command.sentAt, now)}`);
  const { agents, balancer, swarm } = report.picture;
  if (agents.known && !agents.value.some((one) => one.instanceId === instanceId && one.online))
    lines.push("its SSM agent is not online");
  if (step.name.startsWith("load balancer") && balancer?.known) {
    const place = balancer.value.members.find((one) => one.instanceId === instanceId);
    lines.push(
      place
        ? `the load balancer says ${place.standing}: ${place.description || "no more"}`
        : "the load balancer does not list it",
    );
  }
  if (/manager|node$/.test(step.name) && !swarm.known) lines.push(`no manager answers: ${swarm.because}`);
  return lines;
};

const endLines = (facts: InstanceFacts): string[] => {
  const step = facts.running?.state.step?.name;
  if (step !== undefined) return [endsWhen[step] ?? ""];
  if (facts.member?.lifecycleState === "Terminating:Retained")
    return [`a person ends it, once its logs are safe: hive-swarm retire ${facts.instanceId} --apply`];
  return waits(facts) && !facts.running
    ? ["a flow is started for it (see Repair), or the group's time is up (see Waits for)"]
    : [];
};

const soFar = ({ running }: InstanceFacts): string[] =>
  (running?.state.told ?? []).map(({ seconds, text }) => `${duration(seconds * 1000)} on: ${text}`);

const pastLines = ({ past, now }: InstanceFacts): string[] =>
  past
    ? [`${past.name} ended ${past.endedAt === undefined ? "" : ago(past.endedAt, now)}: ${past.end.words}`]
    : [];

const quorumLines = ({ report, instanceId }: InstanceFacts): string[] => {
  const quorum = quorumText(report.picture, instanceId);
  return quorum ? [`${quorum.text}${quorum.lost ? ": it cannot go now, its retirement holds" : ""}`] : [];
};

const repairLines = ({ report, instanceId }: InstanceFacts): string[] => {
  const actions = actionsOf(report, instanceId);
  const { holds, unknown } = report.plan;
  return [
    ...actions.map(({ kind, risk, reason }) => `would ${kind} (${risk}): ${reason}`),
    ...(actions.length > 0 ? holds.map((hold) => `is held: ${hold}`) : []),
    ...(actions.length === 0 && unknown.length > 0 ? unknown.map((one) => `did not judge ${one}`) : []),
  ];
};
