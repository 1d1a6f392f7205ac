// The command line tool without AWS: its clients answer as told, and what it prints is kept.
import type { Tool } from "../../cli/command.ts";
import { run } from "../../cli/run.ts";
import { createProgress } from "../../cli/terminal/progress.ts";
import { clientThat } from "./aws-client.ts";

export interface Answers {
  autoScaling?: Parameters<typeof clientThat>[0];
  lambda?: Parameters<typeof clientThat>[0];
  systemsManager?: Parameters<typeof clientThat>[0];
  region?: () => Promise<string>;
  columns?: number;
}

/** `hive-swarm WORDS…` */
export const hiveSwarm = async (words: readonly string[], answers: Answers = {}) => {
  const printed = { stdout: "", stderr: "" };
  const autoScaling = clientThat<never>(answers.autoScaling ?? {});
  const lambda = clientThat<never>(answers.lambda ?? {});
  const systemsManager = clientThat<never>(answers.systemsManager ?? {});
  let now = Date.UTC(2026, 1, 1);
  let lastWord = "";
  const print = (where: "stdout" | "stderr") => (text: string) => {
    printed[where] += text;
  };
  const tool: Tool = {
    stdout: print("stdout"),
    stderr: print("stderr"),
    columns: answers.columns,
    progress: (where) => createProgress({ write: print(where), now: () => now, columns: () => undefined }),
    clients: () => ({
      autoScaling: autoScaling.client,
      lambda: lambda.client,
      systemsManager: systemsManager.client,
      region: answers.region ?? (async () => "ap-northeast-1"),
      destroy: () => {},
    }),
    now: () => now,
    pause: async (milliseconds) => {
      now += milliseconds;
    },
    person: "ann@desk",
    whenInterrupted: (text) => {
      lastWord = text;
    },
  };
  const code = await run(words, tool);
  return {
    code,
    ...printed,
    lastWord,
    asked: [...autoScaling.asked, ...lambda.asked, ...systemsManager.asked],
  };
};
