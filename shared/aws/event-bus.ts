// Publishing an event of our own on the account's default bus.
import { type EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";

/** The source that all of our events have; the role may publish no other. */
const SOURCE = "hive-swarm";

/** @throws Error when the bus refused the event: PutEvents itself succeeds then. */
export const publishEvent = async (
  client: EventBridgeClient,
  detailType: string,
  detail: object,
): Promise<void> => {
  const { Entries = [] } = await client.send(
    new PutEventsCommand({
      Entries: [{ Source: SOURCE, DetailType: detailType, Detail: JSON.stringify(detail) }],
    }),
  );
  const refused = Entries.find(({ ErrorCode }) => ErrorCode !== undefined);
  if (!refused) return;
  const error = new Error(
    `PutEvents refused the event ${detailType}: ${refused.ErrorCode}: ${refused.ErrorMessage}`,
  );
  // The code decides whether it is tried again.
  error.name = refused.ErrorCode ?? error.name;
  throw error;
};
