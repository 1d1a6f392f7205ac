// `down`: ends the sandbox and leaves nothing behind, whatever state it is in.
import { takeDown } from "./launch.ts";

export const down = async (): Promise<void> => {
  const wasUp = await takeDown();
  console.log(
    wasUp ? "The sandbox is down." : "No sandbox was up; what an earlier one left is cleared away.",
  );
};
