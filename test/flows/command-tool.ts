// The command line tool in a cloud in memory: what it prints is kept, and while it pauses virtual time goes on.
import type { AutoScalingClient } from "@aws-sdk/client-auto-scaling";
import type { LambdaClient } from "@aws-sdk/client-lambda";
import type { SSMClient } from "@aws-sdk/client-ssm";
import type { Tool } from "../../cli/command.ts";
import { run } from "../../cli/run.ts";
import { createProgress, type Progress } from "../../cli/terminal/progress.ts";
import { OPERATOR } from "../../sandbox/aws/handle.ts";
import { inProcessClient } from "../../sandbox/aws/in-process.ts";
import type { TestWorld } from "./world.ts";

export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
  /** What is said to somebody who ends the tool at its end. */
  lastWord: string;
}

/** `hive-swarm WORDS…` */
export const hiveSwarm = async (world: TestWorld, ...words: string[]): Promise<Ended> => {
  const ended: Ended = { code: -1, stdout: "", stderr: "", lastWord: "" };
  const autoScaling = inProcessClient<AutoScalingClient>(world.handle, "autoscaling", OPERATOR);
  const lambda = inProcessClient<LambdaClient>(world.handle, "lambda", OPERATOR);
  const systemsManager = inProcessClient<SSMClient>(world.handle, "ssm", OPERATOR);
  let shown: Progress | undefined;
  const tool: Tool = {
    stdout: (text) => {
      ended.stdout += text;
    },
    stderr: (text) => {
      ended.stderr += text;
    },
    columns: undefined,
    progress: (where) => {
      shown = createProgress({
        write: (text) => {
          ended[where] += text;
        },
        now: () => world.clock.now(),
        columns: () => undefined,
      });
      return shown;
    },
    clients: () => ({
      autoScaling,
      lambda,
      systemsManager,
      region: async () => "ap-northeast-1",
      destroy: () => {},
    }),
    now: () => world.clock.now(),
    pause: async (milliseconds) => {
      await world.after(milliseconds / 1000);
      shown?.tick();
    },
    person: "ann@desk",
    whenInterrupted: (text) => {
      ended.lastWord = text;
    },
  };
  ended.code = await run(words, tool);
  return ended;
};
