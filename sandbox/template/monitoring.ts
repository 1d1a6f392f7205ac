// Alarms, metric filters and dashboards of a template, with every reference resolved: what CloudWatch would be told.
import { type Conditions, createResolver, type Environment, type Resources } from "./intrinsics.ts";

export interface AlarmDefinition {
  logicalId: string;
  name: string;
  description: string;
  namespace: string;
  metricName: string;
  dimensions: Readonly<Record<string, string>>;
  statistic: string;
  periodSeconds: number;
  evaluationPeriods: number;
  datapointsToAlarm: number;
  threshold: number;
  comparison: string;
  treatMissingData: string;
  actionsEnabled: boolean;
  actions: readonly string[];
}

export interface MetricFilterDefinition {
  logGroup: string;
  pattern: string;
  namespace: string;
  metricName: string;
  value: number;
  defaultValue: number | undefined;
}

export interface Monitoring {
  alarms: readonly AlarmDefinition[];
  filters: readonly MetricFilterDefinition[];
  /** Bodies, as JSON. */
  dashboards: readonly { name: string; body: unknown }[];
}

interface WholeTemplate {
  Resources: Resources;
  Parameters?: Record<string, { Default?: string | number }>;
  Conditions?: Conditions;
}

interface Alarm {
  AlarmName: string;
  AlarmDescription?: string;
  ActionsEnabled?: boolean | string;
  AlarmActions?: string[];
  Namespace: string;
  MetricName: string;
  Dimensions?: { Name: string; Value: string }[];
  Statistic: string;
  Period: number | string;
  EvaluationPeriods: number;
  DatapointsToAlarm?: number;
  Threshold: number;
  ComparisonOperator: string;
  TreatMissingData?: string;
}

interface MetricFilter {
  LogGroupName: string;
  FilterPattern: string;
  MetricTransformations: {
    MetricNamespace: string;
    MetricName: string;
    MetricValue: string;
    DefaultValue?: number;
  }[];
}

export const readMonitoring = (template: unknown, environment: Environment): Monitoring => {
  const { Resources: resources, Parameters = {}, Conditions = {} } = template as WholeTemplate;
  const defaults = Object.entries(Parameters).map(([name, { Default = "" }]) => [name, String(Default)]);
  const parameters = { ...Object.fromEntries(defaults), ...environment.parameters };
  const resolver = createResolver(resources, { ...environment, parameters }, Conditions);
  const ofType = <Properties>(type: string): [string, Properties][] =>
    Object.entries(resources)
      .filter(([, resource]) => resource.Type === type)
      .map(([id, resource]) => [id, resolver.resolve(resource.Properties) as Properties]);
  return {
    alarms: ofType<Alarm>("AWS::CloudWatch::Alarm").map(alarmOf),
    filters: ofType<MetricFilter>("AWS::Logs::MetricFilter").flatMap(([, filter]) => filtersOf(filter)),
    dashboards: ofType<{ DashboardName: string; DashboardBody: string }>("AWS::CloudWatch::Dashboard").map(
      ([, { DashboardName, DashboardBody }]) => ({ name: DashboardName, body: JSON.parse(DashboardBody) }),
    ),
  };
};

const alarmOf = ([logicalId, alarm]: [string, Alarm]): AlarmDefinition => ({
  logicalId,
  name: alarm.AlarmName,
  description: alarm.AlarmDescription ?? "",
  namespace: alarm.Namespace,
  metricName: alarm.MetricName,
  dimensions: Object.fromEntries((alarm.Dimensions ?? []).map(({ Name, Value }) => [Name, Value])),
  statistic: alarm.Statistic,
  periodSeconds: Number(alarm.Period),
  evaluationPeriods: alarm.EvaluationPeriods,
  datapointsToAlarm: alarm.DatapointsToAlarm ?? alarm.EvaluationPeriods,
  threshold: alarm.Threshold,
  comparison: alarm.ComparisonOperator,
  treatMissingData: alarm.TreatMissingData ?? "missing",
  actionsEnabled: String(alarm.ActionsEnabled ?? true) === "true",
  actions: alarm.AlarmActions ?? [],
});

const filtersOf = ({ LogGroupName, FilterPattern, MetricTransformations }: MetricFilter) =>
  MetricTransformations.map(({ MetricNamespace, MetricName, MetricValue, DefaultValue }) => ({
    logGroup: LogGroupName,
    pattern: FilterPattern,
    namespace: MetricNamespace,
    metricName: MetricName,
    value: Number(MetricValue),
    defaultValue: DefaultValue,
  }));
