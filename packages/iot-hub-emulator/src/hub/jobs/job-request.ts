/** Reads what a client wants done by a job, strictly: a mistake is told when it is scheduled and not at each device. */
import { HubError } from "../errors.ts";
import { requireObject } from "../identity-fields.ts";
import { MAX_METHOD_BYTES } from "../methods.ts";
import type { MethodRequest } from "../methods.ts";
import { parseTarget } from "../query/target.ts";
import type { Target } from "../query/target.ts";
import { parseTwinChange } from "../twin-change.ts";
import type { TwinChange } from "../twin-change.ts";
import type { JsonObject } from "../twin.ts";
import type { Job, JobType } from "./job.ts";

/** What is done to each device. */
export type JobAction =
  | { readonly kind: "updateTwin"; readonly change: TwinChange; readonly ifMatch?: string }
  | { readonly kind: "method"; readonly request: MethodRequest };

export type JobRequest = Pick<
  Job,
  "type" | "queryCondition" | "updateTwin" | "cloudToDeviceMethod" | "maxExecutionTimeInSeconds"
> & { readonly startTime?: number };

const DEFAULT_EXECUTION_SECONDS = 3600;
const MAX_EXECUTION_SECONDS = 2 ** 31;
const MAX_METHOD_NAME = 100;
const BODY_OF: Readonly<Record<JobType, "updateTwin" | "cloudToDeviceMethod">> = {
  scheduleUpdateTwin: "updateTwin",
  scheduleDeviceMethod: "cloudToDeviceMethod",
};

/** Throws `ArgumentInvalid` that names the field. */
export function parseJobRequest(document: unknown): JobRequest {
  const source = requireObject(document, "The job");
  const type = jobTypeOf(source["type"]);
  const body = requireObject(source[BODY_OF[type]], BODY_OF[type]) as JsonObject;
  const queryCondition = source["queryCondition"];
  if (typeof queryCondition !== "string") throw invalid("queryCondition must be a string; * stands for all devices");
  const startTime = timeOf(source["startTime"]);
  const request: JobRequest = {
    type,
    queryCondition,
    [BODY_OF[type]]: body,
    maxExecutionTimeInSeconds: secondsOf(source, "maxExecutionTimeInSeconds", {
      least: 1,
      most: MAX_EXECUTION_SECONDS,
      otherwise: DEFAULT_EXECUTION_SECONDS,
    }),
    ...(startTime === undefined ? {} : { startTime }),
  };
  targetOf(request);
  actionOf(request);
  return request;
}

/** For whom a job is; throws `ArgumentInvalid`. */
export function targetOf({ queryCondition }: Pick<Job, "queryCondition">): Target {
  return parseTarget(queryCondition);
}

/** What a job does; throws `ArgumentInvalid`. */
export function actionOf({ updateTwin, cloudToDeviceMethod }: Partial<Job>): JobAction {
  if (updateTwin === undefined) return { kind: "method", request: methodOf(cloudToDeviceMethod ?? {}) };
  const etag = updateTwin["etag"];
  if (etag !== undefined && etag !== null && typeof etag !== "string")
    throw invalid("updateTwin.etag must be a string");
  const ifMatch = etag?.replace(/^"(.*)"$/, "$1");
  return {
    kind: "updateTwin",
    change: parseTwinChange(updateTwin),
    ...(ifMatch === undefined || ifMatch === "" ? {} : { ifMatch }),
  };
}

function jobTypeOf(value: unknown): JobType {
  const name = typeof value === "string" ? value.toLowerCase() : "";
  const found = (Object.keys(BODY_OF) as JobType[]).find((type) => type.toLowerCase() === name);
  if (found === undefined) throw invalid(`type must be one of ${Object.keys(BODY_OF).join(", ")}`);
  return found;
}

function methodOf(source: JsonObject): MethodRequest {
  const { methodName } = source;
  if (typeof methodName !== "string" || methodName === "" || methodName.length > MAX_METHOD_NAME) {
    throw invalid(`cloudToDeviceMethod.methodName must have 1 to ${MAX_METHOD_NAME} characters`);
  }
  const payload = source["payload"] ?? null;
  if (Buffer.byteLength(JSON.stringify(payload)) > MAX_METHOD_BYTES) {
    throw invalid(`cloudToDeviceMethod.payload is larger than ${MAX_METHOD_BYTES} bytes`);
  }
  const seconds = (name: string, least: number, otherwise: number): number =>
    secondsOf(source, name, { least, most: 300, otherwise });
  return {
    methodName,
    payload,
    responseTimeoutMs: seconds("responseTimeoutInSeconds", 5, 30) * 1000,
    connectTimeoutMs: seconds("connectTimeoutInSeconds", 0, 0) * 1000,
  };
}

function secondsOf(
  source: Readonly<Record<string, unknown>>,
  name: string,
  { least, most, otherwise }: { readonly least: number; readonly most: number; readonly otherwise: number },
): number {
  const value = source[name] ?? otherwise;
  if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most) {
    throw invalid(`${name} must be a whole number from ${least} to ${most}`);
  }
  return value;
}

// Clients send null or an empty text for "now".
function timeOf(value: unknown): number | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  const time = typeof value === "string" ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(time)) throw invalid("startTime must be a date of the form 2030-01-31T12:00:00Z");
  return time;
}

function invalid(problem: string): HubError {
  return new HubError("ArgumentInvalid", `The job's ${problem}.`);
}
