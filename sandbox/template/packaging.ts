// How the sandbox's template is packaged: as docs/deploy.md says for an account in which nothing is there yet, so that everything is in
// it. Beside the operator's own package (`.serverless`), which `npm run package` makes.

/** Below the clone. */
export const PACKAGE_DIRECTORY = ".serverless-sandbox";

/** What a person deploying has to say, too, and why it is said so here. */
export const PACKAGE_PARAMETERS: readonly { name: string; value: string; why: string }[] = [
  { name: "infrastructure", value: "create", why: "groups, hooks and load balancer are to be provisioned" },
  {
    name: "registry",
    value: "210987654321.dkr.ecr.us-east-1.amazonaws.com",
    why: "machines may pull from the account of the sandbox; packaging refuses the example",
  },
  {
    name: "shipperParameter",
    value: "/hive-swarm/hive/filebeat",
    why: "packaging refuses groups without it; what it would hold, the sandbox's filebeat has in its environment",
  },
  { name: "workersMax", value: "40", why: "as many as `up --workers` takes" },
];

/** Of `serverless`. */
export const packageCommand = (): string[] => [
  "package",
  "--package",
  PACKAGE_DIRECTORY,
  ...PACKAGE_PARAMETERS.map(({ name, value }) => `--param=${name}=${value}`),
];
