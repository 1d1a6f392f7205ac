// What README and docs/sandbox.md show: the command line and the real aws and docker commands, and what is left on the machine.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Status } from "../../sandbox/cloud/status.ts";
import { aws, sandbox, shell, until } from "./command-line.ts";
import { controlGroupsOf, hostState, processesOf, survivorsOf } from "./traces.ts";

const directory = mkdtempSync(join(tmpdir(), "hive-"));
const before = hostState();

/** The process of this sandbox that runs one of these programs. */
const processOf = (what: (words: string[]) => boolean): number => {
  const [found, ...others] = processesOf(directory).filter(({ words }) => what(words));
  if (!found || others.length > 0) throw new Error(`${others.length + (found ? 1 : 0)} processes, not one`);
  return found.pid;
};

/** Nothing that ran runs, and the machine is as it was. */
const expectNoTrace = (ran: ReturnType<typeof processesOf>): void => {
  expect(ran.length).toBeGreaterThan(5);
  expect(survivorsOf(ran)).toEqual([]);
  expect(processesOf(directory)).toEqual([]);
  expect(controlGroupsOf(directory)).toEqual([]);
  expect(hostState()).toEqual(before);
};

afterAll(async () => {
  await sandbox(directory, "down");
  rmSync(directory, { recursive: true, force: true });
}, 60_000);

describe("the command line, while nothing is up", () => {
  it("says so to status and to down, which is no failure", async () => {
    const asked = await sandbox(directory, "status");
    expect(asked).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining(directory) });
    expect(asked.stderr).toMatch(/^No sandbox is up .* npm run sandbox -- up\n$/);

    expect(await sandbox(directory, "down")).toMatchObject({ code: 0, stderr: "" });
  });

  it("refuses what it does not know, with what it does", async () => {
    const { code, stdout, stderr } = await sandbox(directory, "start");
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toBe(
      'There is no command "start": it is up, status, push or down.\nSee npm run sandbox -- --help\n',
    );
  });
});

describe("a sandbox that was brought up", () => {
  const group = { manager: "", worker: "" };
  const members = async () =>
    (await aws<{ AutoScalingInstances: Member[] }>(directory, "autoscaling describe-auto-scaling-instances"))
      .AutoScalingInstances;
  const workers = async () =>
    (await members()).filter(({ AutoScalingGroupName }) => AutoScalingGroupName === "hive-workers");
  const targets = async () =>
    (
      await aws<{ InstanceStates: Target[] }>(
        directory,
        'elb describe-instance-health --load-balancer-name "$HIVE_LOAD_BALANCER"',
      )
    ).InstanceStates;
  const engine = (instanceId: string, words: string) =>
    shell(directory, `docker -H unix://${directory}/instances/${instanceId}/docker.sock ${words}`);

  beforeAll(async () => {
    const { code, stdout, stderr } = await sandbox(directory, "up", "--managers", "1", "--workers", "1");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(`. ${directory}/env`);
    for (const { InstanceId, AutoScalingGroupName } of await members()) {
      group[AutoScalingGroupName === "hive-managers" ? "manager" : "worker"] = InstanceId;
    }
  }, 240_000);

  it("is ready: both are in service, online, and the worker behind the load balancer", async () => {
    const inService = { LifecycleState: "InService", HealthStatus: "HEALTHY" };
    expect(await members()).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ InstanceId: group.manager, ...inService }),
        expect.objectContaining({ InstanceId: group.worker, ...inService }),
      ]),
    );
    const { InstanceInformationList: agents } = await aws<{ InstanceInformationList: Agent[] }>(
      directory,
      "ssm describe-instance-information",
    );
    expect(agents.map(({ InstanceId }) => InstanceId).sort()).toEqual([group.manager, group.worker].sort());
    expect(agents.map(({ PingStatus }) => PingStatus)).toEqual(["Online", "Online"]);
    expect(await targets()).toEqual([
      expect.objectContaining({ InstanceId: group.worker, State: "InService" }),
    ]);
  }, 60_000);

  it("tells the commands that the operator ran on the worker, all with success", async () => {
    const { CommandInvocations: ran } = await aws<{ CommandInvocations: Invocation[] }>(
      directory,
      `ssm list-command-invocations --details --instance-id ${group.worker}`,
    );
    expect(ran.map(({ DocumentName }) => DocumentName)).toContainEqual(expect.stringMatching(/-join-host$/));
    expect(new Set(ran.map(({ Status }) => Status))).toEqual(new Set(["Success"]));
  }, 60_000);

  it("has a daemon of its own in each instance, in one swarm", async () => {
    const nodes = (await engine(group.manager, "node ls --format '{{.ID}} {{.Status}} {{.Availability}}'"))
      .trim()
      .split("\n");
    expect(nodes).toHaveLength(2);
    for (const instanceId of [group.manager, group.worker]) {
      const node = (await engine(instanceId, "info --format '{{.Swarm.NodeID}}'")).trim();
      expect(nodes.some((line) => line.startsWith(`${node} Ready`))).toBe(true);
    }
  }, 60_000);

  it("answers requests through the load balancer, from a container of the worker", async () => {
    expect(await shell(directory, 'curl -sS -o /dev/null -w "%{http_code}" "$HIVE_ELB_URL/health"')).toBe(
      "200",
    );
    const container = (await shell(directory, 'curl -sSf "$HIVE_ELB_URL/cgi-bin/work?n=1"')).trim();
    expect(container).toMatch(/^[0-9a-f]{12}$/);
    expect((await engine(group.worker, "ps --quiet")).split("\n")).toContain(container);
  }, 60_000);

  it("shows itself, to people and to programs", async () => {
    const shown = await sandbox(directory, "status");
    expect(shown).toMatchObject({ code: 0, stderr: "" });
    expect(shown.stdout).toMatch(
      new RegExp(`hive-managers: 1 wanted\n.*\n${group.manager}  InService  Online  active `),
    );
    expect(shown.stdout).toMatch(
      new RegExp(`hive-workers: 1 wanted\n.*\n${group.worker}  InService  Online  active .*  InService\n`),
    );

    const status = JSON.parse((await sandbox(directory, "status", "--json")).stdout) as Status;
    expect(status.desired).toEqual({ "hive-managers": 1, "hive-workers": 1 });
    expect(status.instances.map(({ instanceId }) => instanceId)).toEqual([group.manager, group.worker]);
    expect(status.instances[1]).toMatchObject({
      lifecycleState: "InService",
      balancer: { state: "InService" },
    });
  }, 60_000);

  it("logs the docker client in to its registry with ECR's password, and with no other", async () => {
    const login = (password: string) =>
      engine(
        group.manager,
        `--config ${directory}/docker login --username AWS --password-stdin "$HIVE_REGISTRY" <<PASSWORD\n${password}\nPASSWORD`,
      );
    expect(await login("$(aws ecr get-login-password --region us-east-1)")).toContain("Login Succeeded");
    await expect(login("guessed")).rejects.toThrow(/401|unauthorized|authorization/i);
  }, 60_000);

  it("refuses a second one in the same directory, and goes on", async () => {
    const { code, stderr } = await sandbox(directory, "up");
    expect(code).toBe(1);
    expect(stderr).toBe(
      `A sandbox is up already in ${directory}. Take it down first: npm run sandbox -- down\n`,
    );
    expect(await workers()).toHaveLength(1);
  }, 60_000);

  it("grows when the desired capacity is set, and retires the instance that is named", async () => {
    await shell(
      directory,
      'aws autoscaling set-desired-capacity --auto-scaling-group-name "$HIVE_WORKER_GROUP" --desired-capacity 2',
    );
    const balanced = await until(
      targets,
      (all) => all.length === 2 && all.every(({ State }) => State === "InService"),
    );
    expect(balanced.map(({ InstanceId }) => InstanceId)).toContain(group.worker);

    // While its launch hook is open an instance is not in service, and its termination would overtake it.
    await until(workers, (all) => all.every(({ LifecycleState }) => LifecycleState === "InService"));
    const { Activity } = await aws<{ Activity: { StatusCode: string; Description: string } }>(
      directory,
      `autoscaling terminate-instance-in-auto-scaling-group --instance-id ${group.worker} --should-decrement-desired-capacity`,
    );
    expect(Activity).toMatchObject({
      StatusCode: "InProgress",
      Description: expect.stringContaining(group.worker),
    });
    const [left] = await until(workers, (all) => all.length === 1);
    expect(left).toMatchObject({ LifecycleState: "InService" });
    expect(left?.InstanceId).not.toBe(group.worker);
    expect(await targets()).toEqual([
      expect.objectContaining({ InstanceId: left?.InstanceId, State: "InService" }),
    ]);
  }, 120_000);

  it("takes an event of AWS again, and nothing changes", async () => {
    const events = () => readFileSync(join(directory, "events.jsonl"), "utf8").trimEnd().split("\n");
    const recorded = events().map((line) => JSON.parse(line) as Recorded);
    const original = recorded.find(
      (event) => event["detail-type"] === "EC2 Instance-terminate Lifecycle Action",
    );
    if (!original) throw new Error(`no terminate event among ${recorded.length}`);
    const entry = {
      Source: "aws.autoscaling",
      DetailType: original["detail-type"],
      Detail: JSON.stringify(original.detail),
    };
    const answer = await aws<{ FailedEntryCount: number; Entries: { EventId: string }[] }>(
      directory,
      `events put-events --entries '${JSON.stringify([entry])}'`,
    );
    expect(answer).toEqual({
      FailedEntryCount: 0,
      Entries: [{ EventId: expect.stringMatching(/^[0-9a-f-]{36}$/) }],
    });
    const again = events().map((line) => JSON.parse(line) as Recorded);
    expect(again.find(({ id }) => id === answer.Entries[0]?.EventId)?.detail).toEqual(original.detail);
    expect(await workers()).toEqual([expect.objectContaining({ LifecycleState: "InService" })]);
  }, 60_000);

  it("does nothing to the machine itself but run processes", () => {
    expect(controlGroupsOf(directory)).not.toEqual([]);
    expect(hostState()).toEqual(before);
  });

  it("is told from a cloud that crashed, and cleared away after it", async () => {
    const ran = processesOf(directory);
    process.kill(
      processOf(([node = "", file = ""]) => node === process.execPath && file.endsWith("/cloud.ts")),
      "SIGKILL",
    );
    expect(await sandbox(directory, "status")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /cloud does not answer\. See .*cloud\.log; then: npm run sandbox -- down/,
      ),
    });
    expect(await sandbox(directory, "down")).toMatchObject({
      code: 0,
      stdout: "The sandbox is down.\n",
      stderr: "",
    });
    expectNoTrace(ran);
  }, 90_000);
});

describe("a sandbox whose root is killed", () => {
  it("ends as a whole, and the rest is cleared away", async () => {
    expect(await sandbox(directory, "up", "--workers", "0")).toMatchObject({ code: 0, stderr: "" });
    const ran = processesOf(directory);
    // The instances have such an init, too.
    const isRoot = (words: string[]) =>
      words[0] === "docker-init" && words.some((word) => word.endsWith("/root.sh"));
    process.kill(processOf(isRoot), "SIGKILL");
    await until(
      async () => survivorsOf(ran),
      (left) => left.length === 0,
    );
    expect(await sandbox(directory, "down")).toEqual({
      code: 0,
      stdout: "No sandbox was up; what an earlier one left is cleared away.\n",
      stderr: "",
    });
    expectNoTrace(ran);
  }, 240_000);
});

interface Member {
  InstanceId: string;
  AutoScalingGroupName: string;
  LifecycleState: string;
}
interface Target {
  InstanceId: string;
  State: string;
}
interface Agent {
  InstanceId: string;
  PingStatus: string;
}
interface Invocation {
  DocumentName: string;
  Status: string;
}
interface Recorded {
  id: string;
  "detail-type": string;
  detail: Record<string, unknown>;
}
