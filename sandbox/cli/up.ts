// `up`: from whatever is there to a sandbox in which everything is ready; leaves it running.
import { names } from "../cloud/configuration.ts";
import { shipperName } from "../cloud/shipper.ts";
import { engineIn, machineEngine } from "../machines/engine.ts";
import { ensurePackages } from "../machines/packages.ts";
import { personalOutput } from "../terminal/output.ts";
import { entryLine } from "../terminal/timeline.ts";
import type { UpArguments } from "./arguments.ts";
import { sourceCommand, writeEnvironmentOf } from "./environment.ts";
import { isInterrupted, takeDownWhenInterrupted } from "./interruption.ts";
import { refuseIfUp } from "./launch.ts";
import { startSandbox } from "./session.ts";

/** Joins take seconds; many at once on a small machine take longer. */
const PATIENCE_SECONDS = 120;
const PATIENCE_PER_WORKER_SECONDS = 15;

export const up = async ({
  command: _,
  engine,
  repairEverySeconds,
  ...wanted
}: UpArguments): Promise<void> => {
  const output = personalOutput((text) => {
    if (!isInterrupted()) process.stdout.write(text);
  });
  await refuseIfUp();
  await ensurePackages((line) => output.line(line));
  const { version } = engine === undefined ? machineEngine() : engineIn(engine);
  takeDownWhenInterrupted(
    (signal) => process.stderr.write(`\n${signal}: taking down what is up already\n`),
    "The sandbox is down.",
  );
  const sandbox = await startSandbox({
    ...wanted,
    ...(engine === undefined ? {} : { engine }),
    ...(repairEverySeconds === undefined ? {} : { repairEverySeconds }),
    dieWithParent: false,
    log: (line) => output.line(line),
    onTimeline: (entry) => output.line(...entryLine(entry)),
  });
  const environment = writeEnvironmentOf(sandbox.stateDirectory);
  await sandbox.settled(wanted.workers, PATIENCE_SECONDS + wanted.workers * PATIENCE_PER_WORKER_SECONDS);

  output.title("The sandbox is up");
  output.block(`
  Machines       ${counted(wanted.managers, "manager")}, ${counted(wanted.workers, "worker")}; load balancer ${wanted.attached ? "" : "not "}attached to the group
  AWS            ${sandbox.endpoint}
  Load balancer  ${sandbox.url}/health
  Logs shipped   by ${shipperName()}
  Engines        Docker ${version}
  Their sockets  ${sandbox.stateDirectory}/instances/<instance-id>/docker.sock

Next, in any shell:
  ${sourceCommand(environment)}
  aws autoscaling set-desired-capacity --auto-scaling-group-name ${names.workerGroup} --desired-capacity 3
  npm run sandbox -- status
  npm run sandbox -- down
`);
};

const counted = (number: number, what: string): string => `${number} ${what}${number === 1 ? "" : "s"}`;
