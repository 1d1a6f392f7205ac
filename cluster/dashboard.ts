// The dashboard: what woke somebody, what flows came to, where their time goes, and the gauges that the alarms stand on. Metrics are named from
// the table that the functions write them by, so that none is asked for that nobody tells. Read by serverless.yml.
import { METRICS, type MetricName, NAMESPACE } from "../shared/metrics.ts";

interface Packager {
  resolveConfigurationProperty(path: readonly string[]): Promise<unknown>;
}

interface Names {
  /** Of the stack: `hive-swarm-dev`. */
  stack: string;
  cluster: string;
  region: string;
}

/** As in cluster/alarms.yml. */
const ALARMS = [
  "errors",
  "dead-letters",
  "roll-rolled-back",
  "retirement-failed",
  "disk-filling",
  "machine-retained",
  "wait-too-long",
  "no-manager",
  "repair-blind",
];
const FUNCTIONS = [
  "dispatch",
  "join-node",
  "retire-node",
  "roll-service",
  "plan",
  "repair",
  "backup-swarm",
] as const;

/** Known to CloudFormation alone. */
const ACCOUNT = "@account@";
const QUEUE = "@queue@";
const REFERENCES: Readonly<Record<string, object>> = {
  [ACCOUNT]: { Ref: "AWS::AccountId" },
  [QUEUE]: { "Fn::GetAtt": ["DeadLetters", "QueueName"] },
};
const WIDTH = 12;
const HEIGHT = 6;

/** Every series of a metric. */
const all = (metric: MetricName, { cluster }: Names, statistic: string, more = "") => {
  const schema = [NAMESPACE, "Cluster", ...METRICS[metric].by].join(",");
  const filter = `MetricName="${metric}" Cluster="${cluster}"${more && ` ${more}`}`;
  return [{ expression: `SEARCH('{${schema}} ${filter}', '${statistic}', 300)`, id: "e1" }];
};

const gauge = (metric: MetricName, { cluster }: Names, options: object) => [
  NAMESPACE,
  metric,
  "Cluster",
  cluster,
  options,
];

const dashboardBody = (names: Names) => {
  const { stack, region } = names;
  const alarm = (name: string) => `arn:aws:cloudwatch:${region}:${ACCOUNT}:alarm:${stack}-${name}`;
  const graph = (title: string, metrics: readonly unknown[], more: object = {}) => ({
    type: "metric",
    properties: { title, region, metrics, view: "timeSeries", stat: "Maximum", period: 300, ...more },
  });
  const sources = FUNCTIONS.map((name) => `SOURCE '/aws/lambda/${stack}-${name}'`).join(" | ");
  const query = `${sources} | fields @timestamp, message, flow, instanceId, step, cause | filter level = "ERROR" | sort @timestamp desc | limit 20`;
  const widgets = [
    { type: "alarm", properties: { title: "Alarms", alarms: ALARMS.map(alarm) } },
    { type: "log", properties: { title: "Errors", region, query, view: "table" } },
    graph("What flows came to", [all("FlowSeconds", names, "SampleCount")], { stat: "SampleCount" }),
    graph("Seconds that flows took, p95", [all("FlowSeconds", names, "p95")]),
    ...["join", "retire", "roll", "repair"].map((flow) =>
      graph(`Seconds of the steps of a ${flow}, p95`, [all("StepSeconds", names, "p95", `Flow="${flow}"`)]),
    ),
    graph("Steps that failed", [all("StepFailures", names, "Sum")]),
    graph("Machines, managers, disks", [
      gauge("ManagersReachable", names, { label: "managers reachable", stat: "Minimum" }),
      gauge("ManagersAnswer", names, { label: "a manager answered" }),
      gauge("MachinesRetained", names, { label: "machines kept" }),
      gauge("DiskPercent", names, { label: "fullest disk, %", yAxis: "right" }),
    ]),
    graph("Oldest wait of a hook, % of its budget", [gauge("WaitPercent", names, { label: "oldest wait" })]),
    graph("What repairs could not read, and dead letters", [
      gauge("PartsUnread", names, { label: "parts unread" }),
      ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", QUEUE, { label: "dead letters" }],
    ]),
  ];
  return {
    widgets: widgets.map((widget, index) => ({
      ...widget,
      ...{ x: (index % 2) * WIDTH, y: Math.floor(index / 2) * HEIGHT, width: WIDTH, height: HEIGHT },
    })),
  };
};

/** The packager would take `${…}` for its own; there is none in it. */
export const resources = async ({ resolveConfigurationProperty: read }: Packager) => {
  const text = async (...path: string[]) => String(await read(path));
  const stack = `${await text("service")}-${await text("provider", "stage")}`;
  const names = {
    stack,
    cluster: await text("custom", "cluster"),
    region: await text("provider", "region"),
  };
  const pieces = JSON.stringify(dashboardBody(names)).split(/(@account@|@queue@)/);
  const body = pieces.map((piece) => REFERENCES[piece] ?? piece);
  return {
    Resources: {
      Dashboard: {
        Type: "AWS::CloudWatch::Dashboard",
        Properties: { DashboardName: stack, DashboardBody: { "Fn::Join": ["", body] } },
      },
    },
  };
};
