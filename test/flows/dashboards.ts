// Which metrics the widgets of a dashboard ask for: by name, or by a search.

/** A metric with exactly these dimensions, some of them with these values. */
export interface Asked {
  namespace: string;
  name: string;
  dimensions: readonly string[];
  filter: Readonly<Record<string, string>>;
}

interface Body {
  widgets: { type: string; properties: { metrics?: readonly (readonly (string | object)[])[] } }[];
}

/** `SEARCH('{hive-swarm,Cluster,Flow} MetricName="FlowSeconds" Flow="join"', 'p95', 300)` */
const SEARCH = /^SEARCH\('\{([^,}]+),([^}]*)\} MetricName="([^"]+)"([^']*)', '[^']+', \d+\)$/;

const bySearch = (expression: string): Asked => {
  const [, namespace = "", schema = "", name = "", more = ""] = SEARCH.exec(expression) ?? [];
  if (name === "") throw new Error(`this search is not understood: ${expression}`);
  const filter = [...more.matchAll(/ (\w+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [key, value]);
  return { namespace, name, dimensions: schema.split(","), filter: Object.fromEntries(filter) };
};

const asked = (metric: readonly (string | object)[]): Asked => {
  const [first] = metric;
  if (typeof first === "object") return bySearch((first as { expression: string }).expression);
  const [namespace = "", name = "", ...rest] = metric.filter((part) => typeof part === "string");
  const keys = rest.filter((_part, index) => index % 2 === 0);
  return {
    namespace,
    name,
    dimensions: keys,
    filter: Object.fromEntries(keys.map((key) => [key, rest[rest.indexOf(key) + 1] ?? ""])),
  };
};

export const askedBy = (body: unknown): Asked[] =>
  (body as Body).widgets.flatMap(({ properties }) => (properties.metrics ?? []).map(asked));
