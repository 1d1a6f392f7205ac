// Keeps out of the bundles what a function of ours never runs. The AWS SDK cannot know that it is in Lambda, and writes its code
// in ways that esbuild must take for side effects. Each rule says what it saves (retire-node: 709 KiB without them, 413 KiB with);
// one that finds nothing to do any more, after an update of the SDK, fails the build instead of letting the bundles grow.
import { readFile } from "node:fs/promises";
import type { OnLoadResult, PartialMessage, Plugin } from "esbuild";

interface Rule {
  /** For the error message. */
  name: string;
  /** Of the files that it rewrites; ends like the path within node_modules. */
  files: RegExp;
  rewrite(source: string): string;
}

/**
 * Lambda hands its role's credentials over in environment variables, and nothing else is configured here: without the providers
 * for SSO, profiles, web identities and instance metadata, and their four clients, 104 KiB less.
 */
const credentialsFromEnvironment: Rule = {
  name: "credentials from the environment alone",
  files: /@aws-sdk\/client-[a-z-]+\/dist-es\/runtimeConfig\.js$/,
  rewrite: (source) =>
    source.replace(
      /^import \{ defaultProvider as (\w+) \} from "@aws-sdk\/credential-provider-node";$/m,
      'import { fromEnv as $1 } from "@aws-sdk/credential-provider-env";',
    ),
};

const DURABLE_CLIENT = [
  "LambdaClient",
  "CheckpointDurableExecutionCommand",
  "GetDurableExecutionStateCommand",
];

/**
 * The durable SDK imports its Lambda client with `import()`, which keeps every operation of it, and all that the other clients
 * share with it, out of reach of tree shaking. It uses three names. 118 KiB less; the client is loaded by every invocation anyway.
 */
const durableClient: Rule = {
  name: "the durable SDK's Lambda client",
  files: /@aws\/durable-execution-sdk-js\/dist\/index\.mjs$/,
  rewrite: (source) => {
    const dynamic = "import('@aws-sdk/client-lambda')";
    if (!source.includes(dynamic)) return source;
    const imported = DURABLE_CLIENT.map((name) => `${name} as durable${name}`).join(", ");
    const members = DURABLE_CLIENT.map((name) => `${name}: durable${name}`).join(", ");
    // On the first line, so that the source map's lines stay true.
    return `import { ${imported} } from "@aws-sdk/client-lambda"; ${source.replace(dynamic, `Promise.resolve({ ${members} })`)}`;
  },
};

/** Of a client's package.json only the version is read, for the user agent: 8 KiB less. */
const packageVersions: Rule = {
  name: "package.json of the clients",
  files: /@aws-sdk\/client-[a-z-]+\/package\.json$/,
  rewrite: (source) => JSON.stringify({ version: (JSON.parse(source) as { version: string }).version }),
};

/**
 * The shapes of all operations stand in one file as constants, with computed keys such as `[_e]`. A computed key could call code,
 * so esbuild keeps every shape that has one; written out (`"error"`) what is not used goes: 64 KiB less.
 */
const schemaKeys: Rule = {
  name: "computed keys in the clients' schemas",
  files: /@aws-sdk\/client-[a-z-]+\/dist-es\/schemas\/schemas_0\.js$/,
  rewrite: (source) => {
    const texts = new Map(
      [...source.matchAll(/^const (_\w+) = ("[^"]*");$/gm)].map(([, name, text]) => [name, text]),
    );
    return source.replaceAll(/\[(_\w+)\]:/g, (whole, name: string) =>
      texts.has(name) ? `${texts.get(name)}:` : whole,
    );
  },
};

/**
 * Every error that a service has is registered, each with its class. One that is not comes as the service's base exception, under
 * the same name and with its message, and that is all that we read. True of the JSON protocols; in the query protocol the
 * registration translates codes into names, so the clients of Auto Scaling and load balancing keep theirs. 82 KiB less.
 */
const errorClasses: Rule = {
  name: "error classes of the JSON clients",
  files: /@aws-sdk\/client-(ssm|lambda)\/dist-es\/schemas\/schemas_0\.js$/,
  rewrite: (source) => source.replaceAll(/^n0_registry\.registerError\(.*\n/gm, "\n"),
};

const rules = [credentialsFromEnvironment, durableClient, packageVersions, schemaKeys, errorClasses];

export const slimSdk = (): Plugin => ({
  name: "slim-sdk",
  setup(build) {
    const applied = new Set<Rule>();
    // One callback for all rules: esbuild lets only the first that answers have a file.
    build.onLoad({ filter: /node_modules/ }, async ({ path }): Promise<OnLoadResult | undefined> => {
      const own = rules.filter(({ files }) => files.test(path));
      if (own.length === 0) return undefined;
      const idle: PartialMessage[] = [];
      let contents = await readFile(path, "utf8");
      for (const rule of own) {
        const slim = rule.rewrite(contents);
        if (slim === contents)
          idle.push({
            text: `nothing to slim in ${path} (${rule.name}): the SDK has changed; adapt or remove the rule in scripts/slim-sdk.ts`,
          });
        else applied.add(rule);
        contents = slim;
      }
      return { contents, loader: path.endsWith(".json") ? "json" : "js", errors: idle };
    });
    build.onEnd(({ errors }) => {
      if (errors.length > 0) return {};
      const idle = rules.filter((rule) => !applied.has(rule));
      const text = (rule: Rule) => `slim-sdk found no file for: ${rule.name}`;
      return { errors: idle.map((rule) => ({ text: text(rule) })) };
    });
  },
});
