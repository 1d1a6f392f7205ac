// Elasticsearch's bulk format: a line that says what to do, then the document, by turns.

export interface BulkItem {
  action: "create" | "index";
  index: string;
  document: LogDocument;
}

/** The parts of filebeat's events that are counted. */
export interface LogDocument {
  message?: string;
  log?: { offset?: number; file?: { path?: string } };
  host?: { name?: string };
  agent?: { name?: string };
}

/** @throws {Error} when a line is no JSON, or no action that filebeat uses. */
export const parseBulk = (body: string): BulkItem[] => {
  const lines = body.split("\n").filter((line) => line !== "");
  const items: BulkItem[] = [];
  for (let index = 0; index < lines.length; index += 2) {
    const head = JSON.parse(lines[index] ?? "") as Partial<Record<string, { _index?: string }>>;
    const action = head.create === undefined ? "index" : "create";
    const target = head[action];
    if (target === undefined)
      throw new Error(`The collector only knows create and index, not ${lines[index]}`);
    const document = JSON.parse(lines[index + 1] ?? "null") as LogDocument;
    items.push({ action, index: target._index ?? "", document });
  }
  return items;
};

export const bulkAnswer = (items: readonly BulkItem[], status: 201 | 400): unknown => ({
  took: 1,
  errors: status !== 201,
  items: items.map(({ action, index }) => ({
    [action]:
      status === 201
        ? { _index: index, _id: "1", status, result: "created" }
        : {
            _index: index,
            _id: "1",
            status,
            error: { type: "mapper_parsing_exception", reason: "rejected on purpose" },
          },
  })),
});
