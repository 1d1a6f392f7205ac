// Reads cluster/registry-events.yml, the stack that stands in the registry's region, into what the sandbox runs of it.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "./intrinsics.ts";
import { parseTemplate } from "./template.ts";
import type { Template } from "./types.ts";
import { parseYamlTemplate } from "./yaml.ts";

export const REGISTRY_TEMPLATE_FILE = "cluster/registry-events.yml";

/**
 * @param projectDirectory the clone
 * @param environment of the registry; its parameters are the template's (`SwarmRegion`, `SwarmAccount`, `Repositories`)
 */
export const readRegistryTemplate = (projectDirectory: string, environment: Environment): Template =>
  parseTemplate(
    parseYamlTemplate(readFileSync(join(projectDirectory, REGISTRY_TEMPLATE_FILE), "utf8")),
    environment,
  );
