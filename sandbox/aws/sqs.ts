// Just enough of SQS to look into dead-letter queues: send, receive, delete, count. Order is kept; nothing expires.

import { createHash, randomUUID } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { Journal } from "../lambda/journal.ts";
import { AwsError, type ServiceModel } from "../ports.ts";

export interface MessageAttribute {
  DataType: string;
  StringValue: string;
}

export interface QueuedMessage {
  messageId: string;
  body: string;
  attributes: Record<string, MessageAttribute>;
  sentAt: number;
  visibleAt: number;
  receiptHandle?: string;
  receiveCount: number;
}

export interface QueuesOptions {
  clock: Clock;
  account: string;
  region: string;
  /** Queue names, as in their ARNs. */
  names: readonly string[];
  /** The endpoint in queue URLs, for example `http://127.0.0.1:4566`. */
  endpoint?: string;
  /** Given: messages survive a restart. */
  journal?: Journal;
}

type QueueRecord = { sent: string; message: QueuedMessage } | { deleted: string; messageId: string };

const DEFAULT_VISIBILITY_SECONDS = 30;

export class Queues {
  readonly #options: QueuesOptions;
  readonly #queues = new Map<string, QueuedMessage[]>();

  constructor(options: QueuesOptions) {
    this.#options = options;
    for (const name of options.names) this.#queues.set(name, []);
    for (const record of options.journal?.read() ?? []) this.#replay(record as QueueRecord);
  }

  /** From within the sandbox: a dead letter. @param queueArn An ARN, or a queue's name. */
  send(queueArn: string, body: string, attributes: Record<string, string> = {}): string {
    const message: QueuedMessage = {
      messageId: randomUUID(),
      body,
      attributes: Object.fromEntries(
        Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: "String", StringValue }]),
      ),
      sentAt: this.#options.clock.now(),
      visibleAt: this.#options.clock.now(),
      receiveCount: 0,
    };
    this.#add(nameOf(queueArn), message);
    return message.messageId;
  }

  /** All messages of a queue, those in flight too. */
  messages(queueArn: string): readonly QueuedMessage[] {
    return this.#queue(nameOf(queueArn));
  }

  readonly model: ServiceModel = {
    signingName: "sqs",
    operations: {
      ListQueues: ({ QueueNamePrefix = "" }: { QueueNamePrefix?: string }) => ({
        QueueUrls: [...this.#queues.keys()].filter((name) => name.startsWith(QueueNamePrefix)).map(this.#url),
      }),
      GetQueueUrl: ({ QueueName }: { QueueName: string }) => {
        this.#queue(QueueName);
        return { QueueUrl: this.#url(QueueName) };
      },
      GetQueueAttributes: ({
        QueueUrl,
        AttributeNames = ["All"],
      }: {
        QueueUrl: string;
        AttributeNames?: string[];
      }) => {
        const all = this.#attributes(nameOf(QueueUrl));
        const wanted = Object.entries(all).filter(
          ([name]) => AttributeNames.includes("All") || AttributeNames.includes(name),
        );
        return { Attributes: Object.fromEntries(wanted) };
      },
      SendMessage: (input: {
        QueueUrl: string;
        MessageBody: string;
        MessageAttributes?: Record<string, MessageAttribute>;
      }) => {
        const attributes = Object.entries(input.MessageAttributes ?? {}).map(([name, value]) => [
          name,
          value.StringValue,
        ]);
        const MessageId = this.send(input.QueueUrl, input.MessageBody, Object.fromEntries(attributes));
        return { MessageId, MD5OfMessageBody: md5(input.MessageBody) };
      },
      ReceiveMessage: (input: {
        QueueUrl: string;
        MaxNumberOfMessages?: number;
        VisibilityTimeout?: number;
      }) => ({
        Messages: this.#receive(
          nameOf(input.QueueUrl),
          input.MaxNumberOfMessages ?? 1,
          input.VisibilityTimeout,
        ),
      }),
      DeleteMessage: ({ QueueUrl, ReceiptHandle }: { QueueUrl: string; ReceiptHandle: string }) => {
        const name = nameOf(QueueUrl);
        const found = this.#queue(name).find((message) => message.receiptHandle === ReceiptHandle);
        if (found !== undefined) this.#delete(name, found.messageId);
        return {};
      },
      PurgeQueue: ({ QueueUrl }: { QueueUrl: string }) => {
        const name = nameOf(QueueUrl);
        for (const { messageId } of [...this.#queue(name)]) this.#delete(name, messageId);
        return {};
      },
    },
  };

  #receive(
    name: string,
    limit: number,
    visibilitySeconds = DEFAULT_VISIBILITY_SECONDS,
  ): object[] | undefined {
    const now = this.#options.clock.now();
    const visible = this.#queue(name).filter((message) => message.visibleAt <= now);
    // SQS leaves the member out when there is nothing.
    if (visible.length === 0) return undefined;
    return visible.slice(0, limit).map((message) => {
      message.receiptHandle = randomUUID();
      message.receiveCount++;
      message.visibleAt = now + visibilitySeconds * 1000;
      return {
        MessageId: message.messageId,
        ReceiptHandle: message.receiptHandle,
        Body: message.body,
        MD5OfBody: md5(message.body),
        Attributes: {
          SentTimestamp: String(message.sentAt),
          ApproximateReceiveCount: String(message.receiveCount),
        },
        ...(Object.keys(message.attributes).length > 0 ? { MessageAttributes: message.attributes } : {}),
      };
    });
  }

  #attributes(name: string): Record<string, string> {
    const now = this.#options.clock.now();
    const messages = this.#queue(name);
    const visible = messages.filter((message) => message.visibleAt <= now).length;
    return {
      QueueArn: `arn:aws:sqs:${this.#options.region}:${this.#options.account}:${name}`,
      ApproximateNumberOfMessages: String(visible),
      ApproximateNumberOfMessagesNotVisible: String(messages.length - visible),
    };
  }

  readonly #url = (name: string): string =>
    `${this.#options.endpoint ?? `https://sqs.${this.#options.region}.amazonaws.com`}/${this.#options.account}/${name}`;

  #queue(name: string): QueuedMessage[] {
    const queue = this.#queues.get(name);
    if (queue === undefined) {
      const known = [...this.#queues.keys()].join(", ") || "none";
      throw new AwsError(
        "QueueDoesNotExist",
        `The queue ${name} does not exist. Queues of the template: ${known}.`,
      );
    }
    return queue;
  }

  #add(name: string, message: QueuedMessage): void {
    this.#queue(name).push(message);
    this.#options.journal?.append({ sent: name, message } satisfies QueueRecord);
  }

  #delete(name: string, messageId: string): void {
    this.#remove(name, messageId);
    this.#options.journal?.append({ deleted: name, messageId } satisfies QueueRecord);
  }

  #remove(name: string, messageId: string): void {
    const queue = this.#queue(name);
    const index = queue.findIndex((message) => message.messageId === messageId);
    if (index !== -1) queue.splice(index, 1);
  }

  #replay(record: QueueRecord): void {
    // A queue that the template no longer has is forgotten.
    if ("sent" in record) this.#queues.get(record.sent)?.push({ ...record.message });
    else if (this.#queues.has(record.deleted)) this.#remove(record.deleted, record.messageId);
  }
}

/** The name in an ARN (`arn:aws:sqs:…:NAME`), a URL (`…/NAME`), or a name. */
const nameOf = (reference: string): string => reference.split(/[:/]/).at(-1) ?? reference;

const md5 = (text: string): string => createHash("md5").update(text).digest("hex");
