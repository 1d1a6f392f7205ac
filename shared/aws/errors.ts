// Which errors of AWS pass by themselves, and which mean something.

const TRANSIENT = new Set([
  "Throttling",
  "ThrottlingException",
  "ThrottledException",
  "TooManyRequestsException",
  "RequestLimitExceeded",
  "RequestThrottled",
  "RequestThrottledException",
  "SlowDown",
  "ResourceContention",
  "ResourceContentionFault",
  "ScalingActivityInProgress",
  "InternalFailure",
  "InternalServerError",
  "InternalError",
  "ServiceUnavailable",
  "ServiceUnavailableException",
  "TimeoutError",
  "RequestTimeout",
  "RequestTimeoutException",
  "ECONNRESET",
  "ECONNREFUSED",
  "EPIPE",
  "ETIMEDOUT",
  "ENOTFOUND",
  "EAI_AGAIN",
]);

const member = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;

/** The error's code on the wire (`ValidationError`), or its name. */
export const errorCode = (error: unknown): string => String(member(error, "name") ?? "Error");

/** One line that a log record can carry. */
export const errorText = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);

/** True for what passes by itself: throttling, server faults, a network that failed for a moment. */
export const isTransient = (error: unknown): boolean => {
  const status = member(member(error, "$metadata"), "httpStatusCode");
  const system = member(error, "code");
  return (
    TRANSIENT.has(errorCode(error)) ||
    (typeof system === "string" && TRANSIENT.has(system)) ||
    (typeof status === "number" && (status >= 500 || status === 429)) ||
    member(error, "$retryable") !== undefined
  );
};
