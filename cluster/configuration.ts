// Refuses at packaging what could not work once it is deployed: the functions' environment as they would read it themselves, the parts
// of the infrastructure, and the times of the stack. All problems at once. Read by serverless.yml.
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { ConfigError, readConfig } from "../shared/config/config.ts";
import { type Parts, partsProblems } from "./parts.ts";

/** All that is wrong with a deployment, each with the way to mend it. */
class DeploymentError extends Error {
  constructor(problems: readonly string[]) {
    super(
      `This cannot be deployed:\n${problems.map((problem) => `- ${problem}`).join("\n")}\n(What is written in capitals is set in serverless.yml, most of it by a --param beside it.)`,
    );
    this.name = "DeploymentError";
  }
}

interface Packager {
  resolveConfigurationProperty(path: readonly string[]): Promise<unknown>;
}
type Environment = Record<string, string>;

/** Adds no resource: it is there for what it refuses. */
export const resources = async ({ resolveConfigurationProperty }: Packager) => {
  const environment = (await resolveConfigurationProperty(["provider", "environment"])) as Environment;
  const parts = (await resolveConfigurationProperty(["custom", "parts"])) as Parts;
  const file = String(await resolveConfigurationProperty(["custom", "stack", "file"]));
  const stack = file === "none" ? "" : readFileSync(new URL(`../${file}`, import.meta.url), "utf8");
  const stage = String(await resolveConfigurationProperty(["provider", "stage"]));
  const problems = [...stageProblems(stage), ...deploymentProblems(environment, parts, stack)];
  if (problems.length > 0) throw new DeploymentError(problems);
  return { Resources: {} };
};

/** @param stack the compose file's text; empty: none */
export const deploymentProblems = (environment: Environment, parts: Parts, stack: string): string[] => [
  ...environmentProblems(environment),
  ...partsProblems(parts, environment),
  ...graceProblems(stack, Number(environment.STOP_GRACE_SECONDS)),
];

/** The groups wait for the rules, whose names in the template are made of the stage; the packager leaves dashes out of them. */
const stageProblems = (stage: string): string[] =>
  /^[A-Za-z0-9]{1,20}$/.test(stage)
    ? []
    : [`the stage is ${JSON.stringify(stage)}; name it with letters and digits alone (--stage=prod)`];

const environmentProblems = (environment: Environment): readonly string[] => {
  try {
    readConfig(Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, String(value)])));
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
};

/** A retirement that is told less than the stack takes would give up while containers are stopping. */
const graceProblems = (stack: string, told: number): string[] => {
  const { services } = (parse(stack) ?? {}) as { services?: Record<string, { stop_grace_period?: string }> };
  return Object.entries(services ?? {}).flatMap(([name, service]) => {
    const seconds = secondsOf(service?.stop_grace_period ?? "10s");
    return seconds > told
      ? [
          `${name} of the stack may take ${seconds} s to stop, and STOP_GRACE_SECONDS is ${told}: raise it (--param=stopGraceSeconds=${seconds}), or lower its stop_grace_period`,
        ]
      : [];
  });
};

/** `1m30s` → 90. What is no duration is docker's to refuse. */
const secondsOf = (duration: string): number =>
  [...String(duration).matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)].reduce(
    (sum, [, number, unit]) => sum + Number(number) * ({ ms: 0.001, s: 1, m: 60, h: 3600 }[unit ?? ""] ?? 0),
    0,
  );
