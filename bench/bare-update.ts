// The bare `docker service update`: the real client, on a manager's engine, as a person runs it who is told of a push.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { names } from "../sandbox/cloud/configuration.ts";
import { logIn } from "../test/sandbox/docker-client.ts";
import type { Stage } from "./stage.ts";

export interface BareUpdate {
  /** From the start of the client to its end, or to the time limit. */
  seconds: number;
  /** False: it was still waiting when the time was up, and was interrupted. */
  ended: boolean;
}

/** So that the client can hand over to the tasks with which right they pull. */
export const clientLogsIn = ({ sandbox }: Stage): Promise<void> => logIn(sandbox);

/** With whatever UpdateConfig stands in the service. @throws with what the client printed when it fails */
export const updateBarely = (
  { sandbox, manager }: Stage,
  image: string,
  limitSeconds: number,
): Promise<BareUpdate> => {
  const { stateDirectory } = sandbox;
  const words = [
    ...["--config", join(stateDirectory, "docker")],
    ...["-H", `unix://${join(stateDirectory, "instances", manager, "docker.sock")}`],
    ...["service", "update", "--detach=false", "--with-registry-auth", "--image", image, names.service],
  ];
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn("docker", words, { stdio: ["ignore", "pipe", "pipe"] });
    let [printed, ended] = ["", true];
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        printed = (printed + text).slice(-2_000);
      });
    // As a person who gives up: the client goes, the update goes on.
    const limit = setTimeout(() => {
      ended = false;
      child.kill("SIGINT");
    }, limitSeconds * 1000);
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(limit);
      const seconds = (performance.now() - started) / 1000;
      if (code === 0 || !ended) resolve({ seconds, ended });
      else reject(new Error(`docker ${words.join(" ")} failed with ${code}: ${printed}`));
    });
  });
};
