// What is provisioned: the stack of the swarm's region, as it was packaged with everything in it, and that of the registry's region;
// each held against what the sandbox knows, and the sandbox's own differences laid over it.
import { join } from "node:path";
import { expectAccounted, expectInvocable } from "../template/accounted.ts";
import { PACKAGE_DIRECTORY } from "../template/packaging.ts";
import { readRegistryTemplate } from "../template/registry-template.ts";
import { readTemplate } from "../template/template.ts";
import type { Template } from "../template/types.ts";
import { type CloudConfiguration, names } from "./configuration.ts";
import { overridden } from "./overrides.ts";

export interface Deployment {
  template: Template;
  registryTemplate: Template;
}

/** @throws Error naming everything in the templates of which it is not known what the sandbox makes of it */
export const readDeployment = (configuration: CloudConfiguration): Deployment => {
  const { projectDirectory, settings } = configuration;
  const { RESCUE_BUCKET: rescueBucket, BACKUP_BUCKET: backupBucket } = settings;
  const packaged = readTemplate(join(projectDirectory, PACKAGE_DIRECTORY), {
    account: names.account,
    region: names.region,
    // A bucket is a setting of the functions and a permission of the machines: one deployment sets both.
    parameters: {
      ...(rescueBucket !== undefined && { RescueBucket: rescueBucket }),
      ...(backupBucket !== undefined && { BackupBucket: backupBucket }),
      ...configuration.parameters,
    },
  });
  const registryTemplate = readRegistryTemplate(projectDirectory, {
    account: names.account,
    region: names.registryRegion,
    stackName: `${packaged.stackName}-registry-events`,
    parameters: { SwarmRegion: names.region },
  });
  for (const template of [packaged, registryTemplate]) {
    expectAccounted(template);
    expectInvocable(template);
  }
  return { template: overridden(packaged, configuration), registryTemplate };
};
