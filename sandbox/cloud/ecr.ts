// ECR of the sandbox: the real registry behind its proxy, the model of the service, whoever may pull, and demo images for it.
import { randomBytes } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { Access } from "../iam/access.ts";
import { repositoryArn } from "../models/account.ts";
import { ContainerRegistry } from "../models/registry/container-registry.ts";
import { AwsError, type Publish } from "../ports.ts";
import { buildDemoImage, type DemoImageOptions, pushImage } from "../registry/demo-image.ts";
import { type Registry, startRegistry } from "../registry/registry.ts";
import { RegistryTokens } from "../registry/tokens.ts";
import { addresses, names } from "./configuration.ts";

export interface EcrOptions {
  stateDirectory: string;
  clock: Clock;
  /** Of the bus in the registry's region. */
  publish: Publish;
  /** Asked for with each request: it may come into being later. */
  iam: () => Pick<Access, "authorize" | "arnOf">;
  report: (text: string, error: unknown) => void;
}

/** A demo image to be pushed. */
export interface DemoPush extends DemoImageOptions {
  version: string;
  /** In this order; none: by digest alone. Default: the version. */
  tags?: string[];
  /** Default `hive-web`. */
  repository?: string;
  /** ECR says that it was pushed so long ago; its event is of now all the same. */
  minutesAgo?: number;
}

export interface PushedDemoImage {
  digest: string;
  /** `registry/repository@sha256:…` */
  byDigest: string;
  /** `registry/repository:version@sha256:…`, as a service of that version names it. */
  image: string;
}

export interface Ecr {
  registry: Registry;
  model: ContainerRegistry;
  /** As whoever releases the service would push it: through the registry, so that ECR tells of it. */
  push(image: DemoPush): Promise<PushedDemoImage>;
  /** Nobody but the operator may pull from the repository any more, as by a policy of its own; or may again. */
  refusePulls(repository: string, refused: boolean): void;
  /** A password that the registry gave out twelve hours ago, and takes no more. */
  expiredPassword(): string;
}

const account = { id: names.account, region: names.registryRegion };

export const startEcr = async ({ stateDirectory, clock, publish, iam, report }: EcrOptions): Promise<Ecr> => {
  const secret = randomBytes(32);
  const tokens = new RegistryTokens({ secret });
  const refusing = new Set<string>();
  const model = new ContainerRegistry({
    clock,
    publish,
    account,
    issue: ({ principal }) => {
      const { password, expiresAt } = tokens.issue(principal);
      return { password, expiresAt: expiresAt.getTime() };
    },
    proxyEndpoint: `http://${addresses.registry}`,
  });
  const registry = await startRegistry({
    stateDirectory,
    tokens,
    gate: {
      images: model,
      accountId: account.id,
      authorize: (principal, action, repositoryName) => {
        const caller = { accessKeyId: "", principal, region: account.region };
        iam().authorize({ service: "ecr", operation: action, input: { repositoryName }, caller });
        if (principal !== "operator" && refusing.has(repositoryName)) {
          throw deniedByRepository(iam().arnOf(principal), action, repositoryName);
        }
      },
    },
    onError: (error) => report("the registry failed", error),
  });
  return {
    registry,
    model,
    push: async ({ tags, repository = names.repository, minutesAgo = 0, ...options }) => {
      const image = await buildDemoImage({
        ...(repository !== names.repository && { name: repository }),
        ...options,
      });
      const { password } = tokens.issue("operator");
      const pushed = { url: registry.url, password, repository, tags: tags ?? [options.version] };
      const byDigest = await pushImage(image, pushed);
      const { digest } = image;
      const stored = model.find(repository, digest);
      if (stored) stored.pushedAt -= minutesAgo * 60_000;
      return {
        digest,
        byDigest,
        image: `${registry.address}/${repository}:${options.version}@${digest}`,
      };
    },
    refusePulls: (repository, refused) => {
      if (refused) refusing.add(repository);
      else refusing.delete(repository);
    },
    expiredPassword: () => new RegistryTokens({ secret, lifetimeSeconds: -1 }).issue("operator").password,
  };
};

const deniedByRepository = (who: string, action: string, repository: string): AwsError =>
  new AwsError(
    "AccessDeniedException",
    `User: ${who} is not authorized to perform: ecr:${action} on resource: ${repositoryArn(account, repository)} with an explicit deny in a resource-based policy`,
  );
