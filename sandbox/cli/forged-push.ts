// An event of ECR that ECR did not send: of a push that never was, or once more and late of one that was.
import { type EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";

export interface ForgedPush {
  repository: string;
  digest: string;
  /** Absent: a push by digest. */
  tag?: string;
  /** When it is to have happened. Default: now. */
  time?: Date;
  /** Laid over the event's detail, to make it another one. */
  detail?: Record<string, unknown>;
}

/** @param events a client of the registry's region; of the swarm's region for an event that comes the shorter way */
export const putPush = async (
  events: EventBridgeClient,
  { repository, digest, tag = "", time = new Date(), detail }: ForgedPush,
): Promise<void> => {
  const Detail = JSON.stringify({
    result: "SUCCESS",
    "repository-name": repository,
    "image-digest": digest,
    "action-type": "PUSH",
    "image-tag": tag,
    ...detail,
  });
  const entry = { Source: "aws.ecr", DetailType: "ECR Image Action", Time: time, Detail };
  const { FailedEntryCount, Entries } = await events.send(new PutEventsCommand({ Entries: [entry] }));
  if (FailedEntryCount)
    throw new Error(`EventBridge refused the event ${Detail}: ${JSON.stringify(Entries)}`);
};
