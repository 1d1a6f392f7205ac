// The logical ids of a template's resources of one type.

import type { Resources } from "./intrinsics.ts";

export const ofType = (resources: Resources, type: string): string[] =>
  Object.entries(resources).flatMap(([logicalId, resource]) => (resource.Type === type ? [logicalId] : []));
