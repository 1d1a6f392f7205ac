// Who acts, for whoever reads later that rolls are paused: the name on this machine, and the profile that AWS was asked with. Whose
// rights they were is in CloudTrail.
import { plain } from "./terminal/text.ts";

interface Machine {
  /** @throws where the user has no name, as in some containers */
  userName(): string;
  hostName(): string;
}

const MOST_CHARACTERS = 120;

/** `ann@desk`, `ann@desk (profile operations)` */
export const personOf = (environment: NodeJS.ProcessEnv, machine: Machine): string => {
  const profile = environment.AWS_PROFILE ? ` (profile ${environment.AWS_PROFILE})` : "";
  return plain(`${nameOf(environment, machine)}@${machine.hostName()}${profile}`).slice(0, MOST_CHARACTERS);
};

/** `USER` may be set to anything; the system's own word counts first. */
const nameOf = ({ USER }: NodeJS.ProcessEnv, { userName }: Machine): string => {
  try {
    return userName();
  } catch {
    return USER ?? "somebody";
  }
};
