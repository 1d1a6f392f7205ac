// Structured log records: one JSON line each, with the metrics that the same record tells (shared/metrics.ts).
import { Logger } from "@aws-lambda-powertools/logger";
import type { Config } from "./config/config.ts";
import type { Log } from "./flows/world.ts";
import { embedded } from "./metrics.ts";

type Metering = Pick<Config, "cluster" | "stepMetrics">;

export const createLog = (serviceName: string, metering: Metering): Log => {
  const logger = new Logger({ serviceName });
  const at =
    (level: "info" | "warn" | "error"): Log[typeof level] =>
    (message, fields, measured) =>
      logger[level](message, { ...fields, ...(measured && embedded(metering, measured, Date.now())) });
  return { info: at("info"), warn: at("warn"), error: at("error") };
};
