import type { AutoScalingClient } from "@aws-sdk/client-auto-scaling";
import type { SSMClient } from "@aws-sdk/client-ssm";
import * as z from "zod/mini";
import { readConfig } from "../../shared/config/config.ts";
import type { Flow } from "../../shared/flows/flow.ts";
import { onManager } from "../../shared/flows/manager.ts";
import { environment } from "../environment.ts";
import { clientThat } from "./aws-client.ts";

const start = Date.parse("2026-02-01T10:00:00Z");
const MANAGER = "i-0123456789abcdef0";

/** A manager whose commands take so many seconds, and whose agent is online after so many, until so many. */
const scene = (
  takesSeconds: number,
  onlineAfterSeconds = 0,
  onlineUntilSeconds = Number.POSITIVE_INFINITY,
) => {
  let now = start;
  let sentAt = 0;
  let cancelledAt = Number.NaN;
  const autoScaling = clientThat<AutoScalingClient>({
    DescribeAutoScalingGroups: {
      AutoScalingGroups: [
        {
          AutoScalingGroupName: "hive-managers",
          Instances: [{ InstanceId: MANAGER, LifecycleState: "InService" }],
        },
      ],
    },
  });
  const systemsManager = clientThat<SSMClient>({
    DescribeInstanceInformation: () => ({
      InstanceInformationList: [
        {
          InstanceId: MANAGER,
          PingStatus:
            now >= start + onlineAfterSeconds * 1000 && now < start + onlineUntilSeconds * 1000
              ? "Online"
              : "ConnectionLost",
        },
      ],
    }),
    SendCommand: () => {
      sentAt = now;
      return { Command: { CommandId: "c1" } };
    },
    GetCommandInvocation: () =>
      now >= sentAt + takesSeconds * 1000
        ? { Status: "Success", StandardOutputContent: '{"seen":1}' }
        : { Status: "InProgress" },
    CancelCommand: () => {
      cancelledAt = now;
      return {};
    },
  });
  const flow: Flow = {
    name: "roll-x-0",
    step: (_name, run) => run(),
    poll: async (_name, initial, check) => {
      for (let state = initial; ; ) {
        const checked = await check(state);
        state = checked.state;
        if (checked.againInSeconds === undefined) return state;
        now += checked.againInSeconds * 1000;
      }
    },
  };
  const lease = {
    about: { service: "web" },
    deadline: start + 600_000,
    globalDeadline: start + 10_000_000,
    endedAt: start,
  };
  const nothing = () => {};
  const world = {
    autoScaling: autoScaling.client,
    systemsManager: systemsManager.client,
    config: readConfig(environment),
    log: { info: nothing, warn: nothing, error: nothing },
    pause: async () => {},
    now: () => now,
  };
  const ask = (waitsSeconds?: number) =>
    onManager({ flow, world, lease }, "watch tasks", z.object({ seen: z.number() }), {
      document: "watch-service",
      parameters: {},
      executionSeconds: 60,
      ...(waitsSeconds === undefined ? {} : { waitsSeconds }),
    });
  return {
    ask,
    movedSeconds: () => (lease.deadline - start) / 1000 - 600,
    lease,
    asked: systemsManager.asked,
    cancelledAfter: () => (cancelledAt - start) / 1000,
  };
};

describe("a flow's deadline", () => {
  it("is not moved on by a command that waits for something itself, however often it is asked", async () => {
    const { ask, movedSeconds, lease } = scene(20);
    for (let look = 0; look < 30; look++) expect(await ask(20)).toEqual({ seen: 1 });
    expect((lease.endedAt - start) / 1000).toBeGreaterThanOrEqual(600);
    expect(movedSeconds()).toBeLessThanOrEqual(30);
  });

  it("is moved on by the time for which no manager answered", async () => {
    for (const waits of [undefined, 0, 20]) {
      const { ask, movedSeconds } = scene(waits ?? 0, 1_000);
      await ask(waits);
      expect(movedSeconds()).toBeGreaterThan(990);
      expect(movedSeconds()).toBeLessThan(1_100);
    }
  });

  it("is moved on by what is slow without having said so", async () => {
    const { ask, movedSeconds } = scene(10);
    await ask();
    expect(movedSeconds()).toBeGreaterThanOrEqual(9);
    expect(movedSeconds()).toBeLessThan(20);
  });
});

describe("a command that waits for something itself", () => {
  it("is seen to have ended within a second, whenever it does, though its agent is asked after no more often than every five", async () => {
    for (let takes = 2; takes <= 22; takes += 0.7) {
      const { ask, lease, asked } = scene(takes);
      await ask(20);
      expect((lease.endedAt - start) / 1000).toBeLessThanOrEqual(takes + 1);
      const agent = asked.filter(({ operation }) => operation === "DescribeInstanceInformation");
      // Once to find the manager, and past the twenty seconds at every look.
      expect(agent.length).toBeLessThanOrEqual(1 + 2 + Math.max(0, Math.ceil(takes) - 20));
    }
  });

  it("is cancelled within some seconds when its agent is gone", async () => {
    const { ask, lease, cancelledAfter } = scene(1_000, 0, 12);
    lease.globalDeadline = start + 60_000;
    await expect(ask(20)).rejects.toThrow(/no instance of hive-managers is in service/);
    expect(cancelledAfter()).toBeGreaterThanOrEqual(12);
    expect(cancelledAfter()).toBeLessThanOrEqual(12 + 6);
  });
});
