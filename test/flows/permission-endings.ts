// What becomes of an instance's life, or of a roll, when exactly one permission is missing: a row for each that any of them uses.
// How to read an ending: permission-scenes.ts, `ending` and `rollEnding`.
import type { SceneName } from "./permission-scenes.ts";

export interface Expected {
  /** Default: the group owns the load balancer; of a roll, an image is rolled. */
  scene?: SceneName;
  flow: "join" | "retire" | "roll" | "plan" | "repair" | "backup";
  ends: string;
}

/** The flow gives up at a step, says why, and hands the instance back. */
const abandoned = (step: string, refusedAt = step, scene?: SceneName): Expected => ({
  ...(scene && { scene }),
  flow: "join",
  ends: `abandoned (${step}); told: step failed (${refusedAt}), join abandoned (${step}); hook ABANDON by call`,
});

/** Told by the host itself, whose script was refused. */
const hostRefused: Expected = {
  flow: "join",
  ends: "abandoned (join host); told: join abandoned (join host); hook ABANDON by call",
};

/** Before it holds the instance a flow can only fail: its execution tells why, and the hook's own timeout decides. */
const joinFails: Expected = {
  flow: "join",
  ends: "execution FAILED; hook ABANDON by timeout; dead letter",
};
const retireFails: Expected = {
  flow: "retire",
  ends: "execution FAILED; hook CONTINUE by timeout; dead letter",
};

/** The retirement fails and leaves the hook open. */
const held = (step: string, refusedAt = step, scene?: SceneName): Expected => ({
  ...(scene && { scene }),
  flow: "retire",
  ends:
    `execution FAILED; told: step failed (${refusedAt}), retire failed: the hook stays open (${step}); ` +
    "hook CONTINUE by timeout; dead letter",
});

const retire = (ends: string, scene?: SceneName): Expected => ({
  ...(scene && { scene }),
  flow: "retire",
  ends,
});

const managerJoins =
  (scene: SceneName) =>
  (ends: string): Expected => ({ scene, flow: "join", ends });
const forms = managerJoins("the first manager forms the swarm");
const follows = managerJoins("a second manager joins");
const isUndone = managerJoins("a second manager joins, and is undone");

/** Dispatch is tried three times; then the event is a dead letter. */
const noJoin: Expected = { flow: "join", ends: "never started; hook ABANDON by timeout; dead letter" };
const noRetire: Expected = { flow: "retire", ends: "never started; hook CONTINUE by timeout; dead letter" };

const goesOn = (scene?: SceneName): Expected =>
  retire(
    "retired (shipped); told: step failed (load balancer out), not out of the load balancer: going on (load balancer out); hook CONTINUE by call",
    scene,
  );

/** Documents only grow, so the newest one does as well; whoever reads the log learns it. */
const VERSIONS = "ssm:DescribeDocument on document/hive-swarm-dev-*";
const newestIsSent = "told: document version not found, the newest is sent";

const GROUP = "autoScalingGroup:*:autoScalingGroupName/hive-workers";
const MANAGERS = "autoScalingGroup:*:autoScalingGroupName/hive-managers";
const NEVER_HEALTHY = "the load balancer never finds it healthy";

const withoutHint = (step: string): Expected => ({
  flow: "join",
  ends: `joined (in service); told: no hint of what the services need (${step}); hook CONTINUE by call`,
});

const roll = (ends: string, scene?: SceneName): Expected => ({
  ...(scene && { scene }),
  flow: "roll",
  ends,
});

/** Before anything is changed it can only fail, and say so: the push is in the dead-letter queue. */
const undecided = (step: string): Expected =>
  roll(
    `FAILED; roll stalled (unknown); told: step failed (${step}), roll stalled; runs 3a; no history; dead letter`,
  );
const noRoll: Expected = roll("never started; runs 3a; not published; no history; dead letter");

const plan = (ends: string): Expected => ({ flow: "plan", ends });
/** A part that cannot be read is told as such, and the others are there all the same. */
const blind = (parts: string): Expected =>
  plan(`SUCCEEDED; unknown: ${parts}; told: plan, with reservations`);
const blindTo = (parts: string, step: string): Expected =>
  plan(`SUCCEEDED; unknown: ${parts}; told: step failed (${step}), plan, with reservations`);
const withoutSwarm = blindTo("swarm, newest", "survey cluster");

const repair = (ends: string, scene?: SceneName): Expected => ({
  ...(scene && { scene }),
  flow: "repair",
  ends,
});

const backup = (ends: string, scene?: SceneName): Expected => ({
  ...(scene && { scene }),
  flow: "backup",
  ends,
});
const noBackup = backup("never started; dead letter");
/** The schedule comes again; until then the error record wakes somebody. */
const notSaved = (told: string, step = "save state"): Expected =>
  backup(`SUCCEEDED; failed (${step}); told: ${told}backup failed (${step})`);

const DONE = "done: label-node, remove-ghost, register-instance";
const STARTED = "started: start-retire, start-join, roll-newest";
/** What could not be applied is told, and all else is. */
const repairedBut = (kinds: string, told = "action failed"): Expected => {
  const less = (list: string): string => {
    const [result, all = ""] = list.split(": ");
    const left = all.split(", ").filter((kind) => !kinds.split(", ").includes(kind));
    return `${result}: ${left.join(", ")}`;
  };
  return repair(
    `SUCCEEDED; unknown: nothing; ${less(DONE)}; failed: ${kinds}; ${less(STARTED)}; told: ${told}`,
  );
};
/** No manager can be asked: what waits for a hook has its flow all the same, which holds by itself. */
/** Of a stack of which two services are missing and one has too few replicas. */
const stack = (ends: string): Expected => repair(ends, "the stack is deployed");

const notRotated = (told: string): Expected =>
  repair(`SUCCEEDED; unknown: nothing; failed: rotate-tokens; told: ${told}`, "the join tokens are rotated");

const notDeployed = (told: string): Expected =>
  stack(
    `SUCCEEDED; unknown: nothing; done: set-replicas; failed: deploy-service; told: ${told}, action failed`,
  );
const withoutViz = stack(
  "SUCCEEDED; unknown: nothing; done: deploy-service, set-replicas; failed: deploy-service; told: action failed",
);

const hooksAlone = (parts: string): Expected =>
  repair(
    `SUCCEEDED; unknown: ${parts}; started: start-retire, start-join; told: step failed (survey cluster), plan, with reservations, plan held`,
  );
/** Whatever a flow could be at is left alone. */
const withoutFlows = repair("SUCCEEDED; unknown: flows; told: plan, with reservations, plan held");

/** The workers' role: one that joins is turned away, and those that have joined cannot hold the image of a roll. */
const hostAndPullRefused: readonly Expected[] = [
  hostRefused,
  roll("SUCCEEDED; roll refused (credentials); told: roll refused; runs 3a"),
];

/** Role → action and resource → what happens without it. */
export const endings: Readonly<Record<string, Readonly<Record<string, Expected | readonly Expected[]>>>> = {
  DispatchRole: {
    "autoscaling:DescribeAutoScalingInstances on *": noJoin,
    "lambda:InvokeFunction on function:hive-swarm-dev-join-node:durable": noJoin,
    "lambda:InvokeFunction on function:hive-swarm-dev-retire-node:durable": noRetire,
    "lambda:InvokeFunction on function:hive-swarm-dev-roll-service:durable": noRoll,
    "lambda:InvokeFunction on function:hive-swarm-dev-plan:durable": plan("never started; dead letter"),
    "lambda:InvokeFunction on function:hive-swarm-dev-repair:durable": repair("never started; dead letter"),
    "lambda:InvokeFunction on function:hive-swarm-dev-backup-swarm:durable": noBackup,
    "lambda:ListDurableExecutionsByFunction on function:hive-swarm-dev-join-node": noJoin,
    "lambda:ListDurableExecutionsByFunction on function:hive-swarm-dev-retire-node": noRetire,
    "lambda:ListDurableExecutionsByFunction on function:hive-swarm-dev-roll-service": noRoll,
    "lambda:ListDurableExecutionsByFunction on function:hive-swarm-dev-backup-swarm": noBackup,
  },
  JoinNodeRole: {
    [VERSIONS]: { flow: "join", ends: `joined (in service); ${newestIsSent}; hook CONTINUE by call` },
    "autoscaling:DescribeAutoScalingGroups on *": joinFails,
    "autoscaling:DescribeAutoScalingInstances on *": joinFails,
    "autoscaling:DescribeLifecycleHooks on *": joinFails,
    "lambda:CheckpointDurableExecution on function:hive-swarm-dev-join-node:*/durable-execution/*/*":
      joinFails,
    // It could neither complete nor abandon: the hook's timeout did.
    [`autoscaling:CompleteLifecycleAction on ${GROUP}`]: {
      flow: "join",
      ends:
        "abandoned (complete CONTINUE); told: completion failed (complete CONTINUE), step out of time (complete CONTINUE), join abandoned (complete CONTINUE); " +
        "hook ABANDON by timeout",
    },
    // A join that is quicker than the hook's timeout needs none.
    [`autoscaling:RecordLifecycleActionHeartbeat on ${GROUP}`]: {
      flow: "join",
      ends: "joined (in service); told: heartbeat failed (agent online); hook CONTINUE by call",
    },
    // The group has registered it; that this cannot be confirmed is said.
    "elasticloadbalancing:DescribeInstanceHealth on *": {
      flow: "join",
      ends: "joined (not confirmed); told: step failed (load balancer in), not in service after CONTINUE (load balancer in); hook CONTINUE by call",
    },
    "elasticloadbalancing:RegisterInstancesWithLoadBalancer on loadbalancer/hive": abandoned(
      "load balancer in",
      "load balancer in",
      "the flows own the load balancer",
    ),
    "elasticloadbalancing:DeregisterInstancesFromLoadBalancer on loadbalancer/hive": abandoned(
      "load balancer in",
      "load balancer out",
      NEVER_HEALTHY,
    ),
    "ssm:DescribeInstanceInformation on *": abandoned("agent online"),
    "ssm:GetCommandInvocation on *": abandoned("join host"),
    // The swarm is on it, so it is not given up.
    [`autoscaling:CompleteLifecycleAction on ${MANAGERS}`]: forms(
      "failed (complete CONTINUE); told: completion failed (complete CONTINUE), step out of time (complete CONTINUE), join failed (complete CONTINUE); " +
        "hook ABANDON by timeout",
    ),
    [`autoscaling:RecordLifecycleActionHeartbeat on ${MANAGERS}`]: forms(
      "joined (none); told: heartbeat failed (agent online); hook CONTINUE by call",
    ),
    "ssm:GetParameter on parameter/hive-swarm/hive/swarm": forms(
      "abandoned (read record); told: step failed (read record), join abandoned (read record); hook ABANDON by call",
    ),
    "ssm:PutParameter on parameter/hive-swarm/hive/swarm": forms(
      "abandoned (claim record); told: step failed (claim record), join abandoned (claim record); hook ABANDON by call",
    ),
    "ssm:SendCommand on document/hive-swarm-dev-init-swarm": forms(
      "abandoned (init swarm); told: step failed (init swarm), the swarm cannot be formed: holding, join abandoned (init swarm); " +
        "hook ABANDON by call",
    ),
    "ssm:SendCommand on document/hive-swarm-dev-survey-managers": follows(
      "abandoned (survey managers); told: step failed (survey managers), join abandoned (survey managers); hook ABANDON by call",
    ),
    // Its retirement demotes it.
    "ssm:SendCommand on document/hive-swarm-dev-demote-node": isUndone(
      "abandoned (join host); told: step failed (demote node), join abandoned (join host); hook ABANDON by call",
    ),
    // It only tidies: the command that nobody waits for any more runs out by itself.
    "ssm:CancelCommand on *": {
      flow: "join",
      ends: "joined (in service); told: command not cancelled; hook CONTINUE by call",
      scene: "a manager stops while it activates",
    },
    // A hint is worth no join.
    "ssm:GetParameter on parameter/hive-swarm/hive/services": withoutHint("read needs"),
    "ssm:PutParameter on parameter/hive-swarm/hive/services": withoutHint("write needs"),
    "ssm:SendCommand on instance/*": abandoned("join host"),
    "ssm:SendCommand on document/hive-swarm-dev-join-host": abandoned("join host"),
    "ssm:SendCommand on document/hive-swarm-dev-activate-node": abandoned("activate node"),
    "ssm:SendCommand on document/hive-swarm-dev-await-tasks": abandoned("task runs"),
    "ssm:SendCommand on document/hive-swarm-dev-leave-swarm": abandoned(
      "load balancer in",
      "undo: leave",
      NEVER_HEALTHY,
    ),
    "ssm:SendCommand on document/hive-swarm-dev-remove-node": abandoned(
      "load balancer in",
      "undo: remove",
      NEVER_HEALTHY,
    ),
  },
  RetireNodeRole: {
    [VERSIONS]: retire(`retired (shipped); ${newestIsSent}; hook CONTINUE by call`),
    "autoscaling:DescribeAutoScalingGroups on *": retireFails,
    "autoscaling:DescribeAutoScalingInstances on *": retireFails,
    "autoscaling:DescribeLifecycleHooks on *": retireFails,
    "lambda:CheckpointDurableExecution on function:hive-swarm-dev-retire-node:*/durable-execution/*/*":
      retireFails,
    [`autoscaling:CompleteLifecycleAction on ${GROUP}`]: retire(
      "execution FAILED; told: completion failed (complete CONTINUE), step out of time (complete CONTINUE), retire failed: the hook stays open (complete CONTINUE); " +
        "hook CONTINUE by timeout; dead letter",
    ),
    [`autoscaling:RecordLifecycleActionHeartbeat on ${GROUP}`]: retire(
      "retired (shipped); told: heartbeat failed (host reachable); hook CONTINUE by call",
    ),
    [`autoscaling:CompleteLifecycleAction on ${MANAGERS}`]: retire(
      "execution FAILED; told: completion failed (complete CONTINUE), step out of time (complete CONTINUE), retire failed: the hook stays open (complete CONTINUE); " +
        "hook CONTINUE by timeout; dead letter",
      "a manager retires",
    ),
    [`autoscaling:RecordLifecycleActionHeartbeat on ${MANAGERS}`]: retire(
      "retired (none); told: heartbeat failed (host reachable); hook CONTINUE by call",
      "a manager retires",
    ),
    // A load balancer that cannot be left must not keep the logs from being shipped.
    "elasticloadbalancing:DescribeInstanceHealth on *": goesOn(),
    "elasticloadbalancing:DeregisterInstancesFromLoadBalancer on loadbalancer/hive": goesOn(
      "the flows own the load balancer",
    ),
    "ssm:DescribeInstanceInformation on *": held("drain node", "host reachable"),
    "ssm:GetCommandInvocation on *": held("drain node", "host answers"),
    "ssm:CancelCommand on *": retire(
      "retired (shipped); told: command not cancelled; hook CONTINUE by call",
      "a manager stops while it drains",
    ),
    "ssm:SendCommand on instance/*": held("drain node", "host answers"),
    // A machine that cannot be asked, and is not known to be dead, is kept with its logs.
    "ssm:SendCommand on document/hive-swarm-dev-begin-retire": retire(
      "retained; told: step failed (host answers), retire: logs were not shipped; hook ABANDON by call",
    ),
    "ssm:SendCommand on document/hive-swarm-dev-demote-node": held(
      "demote node",
      "demote node",
      "a manager retires",
    ),
    "ssm:SendCommand on document/hive-swarm-dev-drain-node": held("drain node"),
    // Logs that cannot be proved shipped are not shipped: the machine is kept.
    "ssm:SendCommand on document/hive-swarm-dev-log-state": retire(
      "retained; told: step failed (logs shipped), retire: logs were not shipped; hook ABANDON by call",
    ),
    "ssm:SendCommand on document/hive-swarm-dev-restart-shipper": retire(
      "retained; told: step failed (restart filebeat), retire: logs were not shipped; hook ABANDON by call",
      "filebeat is dead",
    ),
    "ssm:SendCommand on document/hive-swarm-dev-rescue-logs": retire(
      "retired (given up); told: step failed (rescue logs), retire: logs were not shipped; hook CONTINUE by call",
      "logs are rescued",
    ),
    // The node is removed by force in any case.
    "ssm:SendCommand on document/hive-swarm-dev-leave-swarm": retire(
      "retired (shipped); told: step failed (leave swarm), host did not leave; hook CONTINUE by call",
    ),
    "ssm:SendCommand on document/hive-swarm-dev-remove-node": held("remove node"),
  },
  RollServiceRole: {
    [VERSIONS]: roll(`SUCCEEDED; roll converged; ${newestIsSent}; runs 3b`),
    "lambda:CheckpointDurableExecution on function:hive-swarm-dev-roll-service:*/durable-execution/*/*": roll(
      "FAILED; runs 3a; not published; no history; dead letter",
    ),
    // Not known is not "no": somebody may have paused for a good reason.
    "ssm:GetParameter on parameter/hive-swarm/hive/pause": roll(
      "SUCCEEDED; roll refused (paused); told: roll refused; runs 3a; no history",
    ),
    // Somebody can mend it, and the push can be rolled by hand then: an alarm, and no dead letter.
    "ecr:DescribeImages on repository/hive-*": roll(
      "SUCCEEDED; roll refused (credentials); told: roll refused; runs 3a; no history",
    ),
    "autoscaling:DescribeAutoScalingGroups on *": undecided("survey services"),
    "ssm:DescribeInstanceInformation on *": undecided("survey services"),
    "ssm:GetCommandInvocation on *": undecided("survey services"),
    "ssm:ListCommandInvocations on *": undecided("hosts hold image"),
    "ssm:CancelCommand on *": roll(
      "SUCCEEDED; roll converged; told: command not cancelled; runs 3b",
      "a manager stops while a roll begins",
    ),
    "ssm:SendCommand on instance/*": undecided("survey services"),
    "ssm:SendCommand on document/hive-swarm-dev-survey-services": undecided("survey services"),
    "ssm:SendCommand on document/hive-swarm-dev-hold-images": undecided("hosts hold image"),
    "ssm:SendCommand on document/hive-swarm-dev-update-service": roll(
      "SUCCEEDED; roll stalled (unknown); told: step failed (begin roll), roll stalled; runs 3a",
    ),
    // Swarm goes on by itself, unwatched: the marker says so, and its next roll takes it over.
    "ssm:SendCommand on document/hive-swarm-dev-watch-service": roll(
      "SUCCEEDED; roll stalled (unknown); told: step failed (watch tasks), roll stalled; runs 3b; marker stays, as told",
      "an image that starts slowly is rolled",
    ),
    // Managers know enough of a failed task to go back; its host would have known more.
    "ssm:SendCommand on document/hive-swarm-dev-explain-task": roll(
      "SUCCEEDED; roll rolled back (start-failed); told: step failed (explain task); runs 3a",
      "an image that exits is rolled back",
    ),
    // What was done was done well, and is told where it still can be.
    "ssm:PutParameter on parameter/hive-swarm/hive/rolls/*": roll(
      "FAILED; roll converged; told: outcome not told; runs 3b; no history; dead letter",
    ),
    "events:PutEvents on event-bus/default": roll(
      "FAILED; roll converged; told: outcome not told; runs 3b; not published; dead letter",
    ),
  },
  PlanRole: {
    [VERSIONS]: plan(`SUCCEEDED; unknown: nothing; ${newestIsSent}`),
    "lambda:CheckpointDurableExecution on function:hive-swarm-dev-plan:*/durable-execution/*/*":
      plan("FAILED; dead letter"),
    "autoscaling:DescribeAutoScalingGroups on *": blindTo(
      "members, swarm, balancer, newest",
      "survey cluster",
    ),
    "elasticloadbalancing:DescribeInstanceHealth on *": blind("balancer"),
    "lambda:ListDurableExecutionsByFunction on function:hive-swarm-dev-join-node": blind("flows"),
    "lambda:ListDurableExecutionsByFunction on function:hive-swarm-dev-retire-node": blind("flows"),
    "lambda:ListDurableExecutionsByFunction on function:hive-swarm-dev-roll-service": blind("flows"),
    "lambda:ListDurableExecutionsByFunction on function:hive-swarm-dev-repair": blind("flows"),
    "ecr:DescribeImages on repository/hive-*": blind("newest"),
    "ssm:DescribeInstanceInformation on *": blindTo("agents, swarm, newest", "survey cluster"),
    "ssm:GetCommandInvocation on *": withoutSwarm,
    "ssm:GetParameter on parameter/hive-swarm/hive/swarm": blind("record"),
    "ssm:GetParameter on parameter/hive-swarm/hive/pause": blind("paused"),
    "ssm:GetParameter on parameter/hive-swarm/hive/stack": blind("stack"),
    "ssm:SendCommand on instance/*": withoutSwarm,
    "ssm:SendCommand on document/hive-swarm-dev-survey-cluster": withoutSwarm,
  },
  RepairRole: {
    [VERSIONS]: repair(`SUCCEEDED; unknown: nothing; ${DONE}; ${STARTED}; ${newestIsSent}`),
    "ssm:SendCommand on document/hive-swarm-dev-rotate-tokens": notRotated(
      "step failed (rotate tokens), action failed",
    ),
    // They hold, and are stored; the next repair rotates them once more.
    "ssm:PutParameter on parameter/hive-swarm/hive/swarm": notRotated("action failed"),
    "lambda:CheckpointDurableExecution on function:hive-swarm-dev-repair:*/durable-execution/*/*":
      repair("FAILED; dead letter"),
    "autoscaling:DescribeAutoScalingGroups on *": repair(
      "SUCCEEDED; unknown: members, swarm, balancer, newest; told: step failed (survey cluster), plan, with reservations, plan held",
    ),
    "autoscaling:DescribeScalingActivities on *": repair(
      `SUCCEEDED; unknown: nothing; ${DONE}; ${STARTED}; told: since when hooks wait is not known`,
    ),
    // Nobody is registered who may be about to go.
    "autoscaling:DescribeAutoScalingInstances on *": repairedBut("register-instance"),
    "elasticloadbalancing:DescribeInstanceHealth on *": repair(
      `SUCCEEDED; unknown: balancer; done: label-node, remove-ghost; ${STARTED}; told: plan, with reservations`,
    ),
    "elasticloadbalancing:RegisterInstancesWithLoadBalancer on loadbalancer/hive":
      repairedBut("register-instance"),
    "elasticloadbalancing:DeregisterInstancesFromLoadBalancer on loadbalancer/hive": repair(
      "SUCCEEDED; unknown: nothing; failed: deregister-instance; told: action failed",
      "a person has a detached machine taken out",
    ),
    "lambda:InvokeFunction on function:hive-swarm-dev-join-node:durable": repairedBut("start-join"),
    "lambda:InvokeFunction on function:hive-swarm-dev-retire-node:durable": repairedBut("start-retire"),
    "lambda:InvokeFunction on function:hive-swarm-dev-roll-service:durable": repairedBut("roll-newest"),
    "lambda:ListDurableExecutionsByFunction on function:hive-swarm-dev-join-node": withoutFlows,
    "lambda:ListDurableExecutionsByFunction on function:hive-swarm-dev-retire-node": withoutFlows,
    "lambda:ListDurableExecutionsByFunction on function:hive-swarm-dev-roll-service": withoutFlows,
    "lambda:ListDurableExecutionsByFunction on function:hive-swarm-dev-repair": withoutFlows,
    "ecr:DescribeImages on repository/hive-*": repair(
      `SUCCEEDED; unknown: newest; ${DONE}; started: start-retire, start-join; told: plan, with reservations`,
    ),
    "ssm:GetParameter on parameter/hive-swarm/hive/swarm": repair(
      `SUCCEEDED; unknown: record; ${DONE}; ${STARTED}; told: plan, with reservations`,
    ),
    // Whether somebody has paused repairs nobody knows: not even flows of hooks are started.
    "ssm:GetParameter on parameter/hive-swarm/hive/pause": repair(
      "SUCCEEDED; unknown: paused; not applied: label-node, start-retire, start-join, remove-ghost, register-instance, roll-newest; told: plan, with reservations, action not applied, plan held",
    ),
    "ssm:GetParameter on parameter/hive-swarm/hive/stack": repair(
      `SUCCEEDED; unknown: stack; ${DONE}; ${STARTED}; told: plan, with reservations`,
    ),
    "ssm:DescribeInstanceInformation on *": hooksAlone("agents, swarm, newest"),
    "ssm:GetCommandInvocation on *": hooksAlone("swarm, newest"),
    "ssm:CancelCommand on *": repair(
      `SUCCEEDED; unknown: nothing; ${DONE}; ${STARTED}; told: command not cancelled`,
      "a manager stops while nodes are mended",
    ),
    "ssm:SendCommand on instance/*": hooksAlone("swarm, newest"),
    "ssm:SendCommand on document/hive-swarm-dev-survey-cluster": hooksAlone("swarm, newest"),
    "ssm:SendCommand on document/hive-swarm-dev-mend-nodes": repairedBut(
      "label-node, remove-ghost",
      "step failed (mend nodes), action failed",
    ),
    "ssm:SendCommand on document/hive-swarm-dev-demote-node": repair(
      "SUCCEEDED; unknown: nothing; failed: remove-manager; told: step failed (remove dead manager), action failed",
      "a manager's machine is gone",
    ),
    "ssm:SendCommand on document/hive-swarm-dev-hold-images": notDeployed(
      "step failed (hosts hold what the stack needs)",
    ),
    "ssm:SendCommand on document/hive-swarm-dev-deploy-stack": notDeployed("step failed (deploy service)"),
    "ssm:SendCommand on document/hive-swarm-dev-update-service": stack(
      "SUCCEEDED; unknown: nothing; done: deploy-service; failed: set-replicas; told: step failed (set replicas), action failed",
    ),
    "ssm:ListCommandInvocations on *": notDeployed("step failed (hosts hold what the stack needs)"),
    // A hint is worth no deployment.
    "ssm:GetParameter on parameter/hive-swarm/hive/services": stack(
      "SUCCEEDED; unknown: nothing; done: deploy-service, set-replicas; told: no hint of what the services need (note what the service needs)",
    ),
    "ssm:PutParameter on parameter/hive-swarm/hive/services": stack(
      "SUCCEEDED; unknown: nothing; done: deploy-service, set-replicas; told: no hint of what the services need (note what the service needs)",
    ),
  },
  ManagerInstanceRole: {
    // Held as long as the hook can be kept open. Where a token may not be stored, the swarm is formed all the same, and stays.
    "kms:Decrypt on key/*": forms(
      "abandoned (init swarm); told: the swarm cannot be formed: holding, join abandoned (init swarm); hook ABANDON by call",
    ),
    "kms:Encrypt on key/*": forms(
      "failed (init swarm); told: the swarm cannot be formed: holding, join failed (init swarm); hook CONTINUE by call",
    ),
    "ssm:GetParameter on parameter/hive-swarm/hive/join-token/manager": forms(
      "abandoned (init swarm); told: the swarm cannot be formed: holding, join abandoned (init swarm); hook ABANDON by call",
    ),
    "ssm:PutParameter on parameter/hive-swarm/hive/join-token/manager": forms(
      "failed (init swarm); told: the swarm cannot be formed: holding, join failed (init swarm); hook CONTINUE by call",
    ),
    "ssm:PutParameter on parameter/hive-swarm/hive/join-token/worker": forms(
      "failed (init swarm); told: the swarm cannot be formed: holding, join failed (init swarm); hook CONTINUE by call",
    ),
    "s3:PutObject on hive-backups/hive/swarm/*": notSaved(""),
    // What only managers run is not deployed: none of them could hold its image.
    "ecr:GetAuthorizationToken on *": withoutViz,
    "ecr:BatchGetImage on repository/hive-*": withoutViz,
    "ecr:GetDownloadUrlForLayer on repository/hive-*": withoutViz,
    "ssm:GetParameter on parameter/hive-swarm/hive/stack": stack(
      "SUCCEEDED; unknown: nothing; done: set-replicas; failed: deploy-service; told: action failed",
    ),
  },
  BackupRole: {
    [VERSIONS]: backup(`SUCCEEDED; saved (stopped); ${newestIsSent}`),
    "lambda:CheckpointDurableExecution on function:hive-swarm-dev-backup-swarm:*/durable-execution/*/*":
      backup("FAILED; dead letter"),
    "autoscaling:DescribeAutoScalingGroups on *": notSaved("", "find managers"),
    "ssm:DescribeInstanceInformation on *": notSaved("", "find managers"),
    "ssm:GetCommandInvocation on *": notSaved("step failed (save state), "),
    "ssm:CancelCommand on *": backup(
      "SUCCEEDED; saved (running); told: command not cancelled",
      "a manager dies while its state is saved",
    ),
    "ssm:SendCommand on instance/*": notSaved("step failed (save state), "),
    "ssm:SendCommand on document/hive-swarm-dev-backup-swarm": notSaved("step failed (save state), "),
    "ssm:GetParameter on parameter/hive-swarm/hive/pause": backup(
      "SUCCEEDED; saved (running); told: backup saved, of a running engine",
    ),
  },
  WorkerInstanceRole: {
    "ecr:GetAuthorizationToken on *": hostAndPullRefused,
    "ecr:BatchGetImage on repository/hive-*": hostAndPullRefused,
    "ecr:GetDownloadUrlForLayer on repository/hive-*": hostAndPullRefused,
    "kms:Decrypt on key/*": hostRefused,
    "ssm:GetParameter on parameter/hive-swarm/hive/join-token/worker": hostRefused,
    "s3:PutObject on hive-rescued-logs/hive/*": retire(
      "retired (given up); told: retire: logs were not shipped; hook CONTINUE by call",
      "logs are rescued",
    ),
  },
};
