// Join tokens that are older than they may be.
import type { TestWorld, WorldOptions } from "./world.ts";
import { RECORD_PARAMETER } from "./world.ts";

export const ROTATED: WorldOptions = { environment: { TOKEN_ROTATE_DAYS: "90" } };
export const LONG_AGO = "2025-06-01T00:00:00.000Z";

export const ageTokens = (world: TestWorld): void => {
  const record = JSON.parse(world.parameter(RECORD_PARAMETER) ?? "{}") as object;
  world.putParameter(RECORD_PARAMETER, JSON.stringify({ ...record, at: LONG_AGO, tokensAt: LONG_AGO }));
};
