// `push`: releases a version of the demo service, as a pipeline would: its image under the version, and then as latest.
import { join } from "node:path";
import { files, names } from "../cloud/configuration.ts";
import type { PushArguments } from "./arguments.ts";
import { controlAt } from "./control.ts";
import { defaultStateDirectory } from "./launch.ts";
import { requireUp } from "./status.ts";

export const push = async ({ version, variant, latest }: PushArguments): Promise<void> => {
  requireUp();
  const tags = [version, ...(latest ? ["latest"] : [])];
  const control = controlAt(join(defaultStateDirectory, files.control));
  const { image } = await control.push({ version, variant, tags });
  console.log(`Pushed ${image}`);
  console.log(`Follow its roll: npm run -s hive-swarm -- history ${names.service}   (after . .sandbox/env)`);
};
