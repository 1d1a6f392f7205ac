// The record of the swarm in Parameter Store: read, claimed once, and rewritten when the join tokens are new.
import { createParameter, readParameter, writeParameter } from "../aws/parameters.ts";
import type { InstanceId } from "../identifiers.ts";
import { parseRecord, recordText, type SwarmRecord } from "../swarm/record.ts";
import type { CoreWorld, EpochMillis } from "./world.ts";

type Shelf = Pick<CoreWorld, "systemsManager"> & { config: Pick<CoreWorld["config"], "swarmParameter"> };

/** @returns undefined: no swarm was ever formed. @throws Error when what is there is no record. */
export const readRecord = async ({ systemsManager, config }: Shelf): Promise<SwarmRecord | undefined> => {
  const text = await readParameter(systemsManager, config.swarmParameter);
  return text === undefined ? undefined : parseRecord(config.swarmParameter, text);
};

/**
 * Names the one that forms the swarm, unless somebody is named already: Parameter Store itself lets one of two through.
 * @returns the record that stands now, whosever it is.
 */
export const claimRecord = async (
  shelf: Shelf,
  formedBy: InstanceId,
  now: EpochMillis,
): Promise<SwarmRecord> => {
  const at = new Date(now).toISOString();
  const record: SwarmRecord = { formedBy, at, tokensAt: at };
  const { systemsManager, config } = shelf;
  if (await createParameter(systemsManager, config.swarmParameter, recordText(record))) return record;
  const standing = await readRecord(shelf);
  if (standing) return standing;
  throw new Error(
    `Parameter ${config.swarmParameter} exists and cannot be read: somebody deletes it at this moment`,
  );
};

/** The join tokens are new. */
export const recordTokens = async (shelf: Shelf, record: SwarmRecord, now: EpochMillis): Promise<void> => {
  const text = recordText({ ...record, tokensAt: new Date(now).toISOString() });
  await writeParameter(shelf.systemsManager, shelf.config.swarmParameter, text);
};
