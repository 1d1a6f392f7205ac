// The stack as it is to be: a compose file, kept as JSON in Parameter Store. Of each service what a plan is made of; what else stands
// there is docker's to read (documents/deploy-stack.sh).
import * as z from "zod/mini";

export interface StackService {
  /** As swarm knows it: `hive_web`, of the stack `hive`. */
  name: string;
  /** As it is written there; one of our registry without a digest runs what the tag policy would have. */
  image: string;
  mode: "replicated" | "global";
  /** Of a global one null. */
  replicas: number | null;
  /** Constrained to managers. */
  managersOnly: boolean;
  /** Constrained to workers. */
  workersOnly: boolean;
  /** Whole CPUs that each task reserves; 0: none. */
  reservedCpus: number;
  /** Tasks that one node may have at a time, of a port in host mode one (docs/facts.md, D16); 0: any number. */
  mostPerNode: number;
  /** Sources of bind mounts, which must exist on the node (docs/facts.md, D14). */
  directories: readonly string[];
  /** Of the service, not of its containers. */
  labels: Readonly<Record<string, string>>;
}

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
/** `{ name: value }` or `[ "name=value" ]`. */
const mapping = z.union([z.record(z.string(), scalar), z.array(z.string())]);

const port = z.union([z.string(), z.number(), z.object({ mode: z.optional(z.string()) })]);
const volume = z.union([
  z.string(),
  z.object({ type: z.string(), source: z.optional(z.string()), target: z.optional(z.string()) }),
]);

const composeService = z.object({
  image: z.string().check(z.regex(/^[A-Za-z0-9._:/@-]{1,1000}$/, "is no name of an image")),
  ports: z.optional(z.array(port)),
  volumes: z.optional(z.array(volume)),
  deploy: z.optional(
    z.object({
      mode: z.optional(z.enum(["replicated", "global"])),
      replicas: z.optional(z.number().check(z.int(), z.minimum(0), z.maximum(99_999))),
      labels: z.optional(mapping),
      placement: z.optional(
        z.object({
          constraints: z.optional(z.array(z.string())),
          max_replicas_per_node: z.optional(z.number()),
        }),
      ),
      resources: z.optional(
        z.object({
          reservations: z.optional(z.object({ cpus: z.optional(z.union([z.string(), z.number()])) })),
        }),
      ),
    }),
  ),
});
type ComposeService = z.infer<typeof composeService>;

const composeFile = z.object({ services: z.record(z.string(), composeService) });

/** What stands in the parameter is not what a stack is. */
export class StackError extends Error {
  constructor(because: string) {
    super(`the stack is no compose file that can be read: ${because}`);
    this.name = "StackError";
  }
}

/** @param stack its name. @throws StackError */
export const parseStack = (text: string, stack: string): StackService[] => {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new StackError(error instanceof Error ? error.message : String(error));
  }
  return stackServices(json, stack);
};

/** @param compose as JSON or YAML has it. @throws StackError */
export const stackServices = (compose: unknown, stack: string): StackService[] => {
  const parsed = composeFile.safeParse(compose);
  if (!parsed.success) {
    const [first] = parsed.error.issues;
    throw new StackError(`${first?.path.join(".") || "the whole"}: ${first?.message}`);
  }
  return Object.entries(parsed.data.services).map(([name, service]) => view(`${stack}_${name}`, service));
};

const view = (
  name: string,
  { image, ports = [], volumes = [], deploy = {} }: ComposeService,
): StackService => {
  const { mode = "replicated", replicas = 1, placement = {} } = deploy;
  const roles = (placement.constraints ?? []).map((text) => text.replaceAll(" ", "").toLowerCase());
  const hostMode = ports.some((each) => typeof each === "object" && each.mode === "host");
  return {
    name,
    image,
    mode,
    replicas: mode === "global" ? null : replicas,
    managersOnly: roles.some((role) => ["node.role==manager", "node.role!=worker"].includes(role)),
    workersOnly: roles.some((role) => ["node.role==worker", "node.role!=manager"].includes(role)),
    reservedCpus: Number(deploy.resources?.reservations?.cpus ?? 0) || 0,
    mostPerNode: hostMode || mode === "global" ? 1 : (placement.max_replicas_per_node ?? 0),
    directories: [...new Set(volumes.flatMap(bindSource))],
    labels: Object.fromEntries(pairs(deploy.labels ?? {})),
  };
};

/** The engine's own socket is everywhere; anything that begins with a slash is a path of the host. */
const bindSource = (each: z.infer<typeof volume>): string[] => {
  const source =
    typeof each === "string" ? /^([^:]+):/.exec(each)?.[1] : each.type === "bind" ? each.source : undefined;
  if (!source?.startsWith("/") || /^(\/var)?\/run\/docker\.sock$/.test(source)) return [];
  return [source];
};

const pairs = (labels: z.infer<typeof mapping>): [string, string][] =>
  Array.isArray(labels)
    ? labels.map((text) => {
        const [name = "", ...value] = text.split("=");
        return [name, value.join("=")];
      })
    : Object.entries(labels).map(([name, value]) => [name, String(value ?? "")]);
