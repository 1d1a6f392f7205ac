// `retire`: takes one instance out of service and has it terminated.
import { commandLine, unlessLost } from "../again.ts";
import { defineCommand, type ExitCode, exitCode, type Tool } from "../command.ts";
import { type Deployment, openDeployment, type Place } from "../deployment.ts";
import { titleOf } from "../instance/explain-page.ts";
import { gatherFacts, type InstanceFacts } from "../instance/facts.ts";
import { parseInstance } from "../instance/parse.ts";
import { followRetirement, terminate } from "../instance/retire.ts";
import { isGoing, type Prospect, prospectOf, prospectPage } from "../instance/retire-page.ts";
import { UsageError } from "../options.ts";
import { Impossible } from "../roll/go-back.ts";
import type { Progress } from "../terminal/progress.ts";
import { json as asJson } from "../terminal/text.ts";

interface Asked {
  place: Place;
  json: boolean;
  decrement: boolean;
}

export const retire = defineCommand({
  name: "retire",
  takes: ["INSTANCE"],
  summary: "take it out of service, and have it terminated",
  about: `Without --apply it shows what would happen, and changes nothing. With it, the
instance's group is asked to terminate it, and its retirement is followed to the
end: out of the load balancer, drained, logs shipped, out of the swarm, gone.
It is terminated: there is no way back.

An instance that was kept because its logs could not be shipped is ended by the
same command. One that is going already is followed. It ends with 0 when the
instance is retired with its logs shipped, and with 1 otherwise, or when what
would happen was only shown.`,
  options: {
    apply: { type: "boolean", default: false, help: "do it" },
    "keep-capacity": { type: "boolean", default: false, help: "its group launches another (default)" },
    decrement: { type: "boolean", default: false, help: "its group wants one less afterwards" },
  },
  run: async ([word = ""], values, tool) => {
    const { cluster, stage, region, json, apply, decrement } = values;
    const instanceId = parseInstance(word);
    if (decrement && values["keep-capacity"])
      throw new UsageError("--keep-capacity and --decrement contradict each other: give one of them.");
    const asked: Asked = { place: { cluster, stage, region }, json, decrement };
    const progress = tool.progress(json ? "stderr" : "stdout");
    const deployment = await openDeployment(tool, asked.place);
    const facts = await gatherFacts(tool, deployment, instanceId, progress);
    const prospect = prospectOf(facts, decrement);
    const title = titleOf(facts) ?? `${instanceId}: nothing is known of it`;
    if (prospect.impossible.length > 0)
      throw new Impossible(
        `${title}\nIt cannot be retired: ${prospect.impossible.join("; ")}.\nNothing was changed.`,
      );
    if (!json) tool.stdout(`${prospectPage(title, facts, prospect)}\n\n`);
    return apply
      ? await performed(tool, deployment, facts, prospect, asked, progress)
      : offered(tool, deployment, facts, prospect, asked);
  },
});

const summary = (
  { regionName }: Deployment,
  { instanceId, member }: InstanceFacts,
  { place }: Asked,
  prospect: Prospect,
) => ({
  cluster: place.cluster,
  region: regionName,
  instanceId,
  member: member ?? null,
  ...prospect,
});

const wordsOf = ({ instanceId }: InstanceFacts, { decrement }: Asked): string[] => [
  "retire",
  instanceId,
  "--apply",
  ...(decrement ? ["--decrement"] : []),
];

const offered = (
  tool: Tool,
  deployment: Deployment,
  facts: InstanceFacts,
  prospect: Prospect,
  asked: Asked,
): ExitCode => {
  if (asked.json) tool.stdout(asJson({ ...summary(deployment, facts, asked, prospect), status: "shown" }));
  else
    tool.stdout(
      `Nothing was changed. To ${isGoing(facts) ? "follow it" : "do it; it is terminated, and there is no way back"}:\n  ${commandLine(wordsOf(facts, asked), asked.place)}\n`,
    );
  return exitCode.trouble;
};

const performed = async (
  tool: Tool,
  deployment: Deployment,
  facts: InstanceFacts,
  prospect: Prospect,
  asked: Asked,
  progress: Progress,
): Promise<ExitCode> => {
  const { instanceId } = facts;
  const goesOn = `Its retirement goes on without this tool. To see how far it is:\n  ${commandLine(["explain", instanceId], asked.place)}`;
  tool.whenInterrupted(goesOn);
  const since = tool.now();
  if (!isGoing(facts)) {
    progress.doing(`the group of ${instanceId} is asked to terminate it`);
    await terminate(deployment, instanceId, asked.decrement);
    progress.title(`${instanceId} is to be terminated: its group was asked`);
  }
  const retired = await unlessLost(goesOn, () => followRetirement(tool, deployment, facts, since, progress));
  progress.clear();
  if (asked.json)
    tool.stdout(asJson({ ...summary(deployment, facts, asked, prospect), status: "ended", ...retired }));
  else tool.stdout(`\n${instanceId}: ${retired.words}\n`);
  return retired.standing === "good" ? exitCode.done : exitCode.trouble;
};
