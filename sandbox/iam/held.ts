// Every permission that a deployment can give to a role of ours, whatever its parameters are.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Resources } from "../template/intrinsics.ts";
import { REGISTRY_TEMPLATE_FILE } from "../template/registry-template.ts";
import { parseTemplate, TEMPLATE_FILE } from "../template/template.ts";
import { parseYamlTemplate } from "../template/yaml.ts";
import { grantsOf, type Permission, permissionOf } from "./grants.ts";

/** Nothing that a permission is told by depends on where the template is deployed, but for these. */
interface Place {
  account: string;
  region: string;
  registryRegion: string;
  stackName: string;
}

/** @param projectDirectory packaged */
export const heldPermissions = (projectDirectory: string, place: Place): Permission[] => {
  const read = (file: string): string => readFileSync(join(projectDirectory, file), "utf8");
  const { account, region, registryRegion, stackName } = place;
  return [
    ...permissionsIn(JSON.parse(read(join(".serverless", TEMPLATE_FILE))), { account, region, stackName }),
    ...permissionsIn(parseYamlTemplate(read(REGISTRY_TEMPLATE_FILE)), {
      account,
      region: registryRegion,
      stackName: `${stackName}-registry-events`,
    }),
  ];
};

/** Also what is there only under a condition. */
export const permissionsIn = (
  template: unknown,
  environment: Omit<Place, "registryRegion">,
): Permission[] => {
  const { Resources = {}, ...rest } = template as { Resources?: Resources };
  const unconditional = Object.entries(Resources).map(([name, resource]) => {
    const { Condition: _condition, ...always } = resource;
    return [name, resource.Type.startsWith("AWS::IAM::") ? always : resource];
  });
  return parseTemplate({ ...rest, Resources: Object.fromEntries(unconditional) }, environment)
    .roles.flatMap(grantsOf)
    .map(permissionOf);
};
