// Structured log records: one JSON line each.
import { Logger } from "@aws-lambda-powertools/logger";
import type { Log } from "./flows/world.ts";

export const createLog = (serviceName: string): Log => new Logger({ serviceName });
