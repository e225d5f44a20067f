/** Reads what a client wants done by a job, strictly: a mistake is told when it is scheduled and not at each device. */
import { HubError } from "../errors.ts";
import { requireObject } from "../registry/identity-fields.ts";
import { parseMethodRequest } from "../methods/method-request.ts";
import { MAX_METHOD_BYTES } from "../methods/methods.ts";
import type { MethodRequest } from "../methods/methods.ts";
import { parseTarget } from "../query/target.ts";
import type { Target } from "../query/target.ts";
import { parseTwinChange } from "../twins/twin-change.ts";
import type { TwinChange } from "../twins/twin-change.ts";
import type { JsonObject } from "../twins/twin.ts";
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
    maxExecutionTimeInSeconds: executionSecondsOf(source["maxExecutionTimeInSeconds"]),
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
  const request = parseMethodRequest(source);
  if (Buffer.byteLength(JSON.stringify(request.payload)) > MAX_METHOD_BYTES) {
    throw invalid(`payload is larger than ${MAX_METHOD_BYTES} bytes`);
  }
  return request;
}

function executionSecondsOf(value: unknown): number {
  const seconds = value ?? DEFAULT_EXECUTION_SECONDS;
  if (typeof seconds !== "number" || !Number.isInteger(seconds) || seconds < 1 || seconds > MAX_EXECUTION_SECONDS) {
    throw invalid(`maxExecutionTimeInSeconds must be a whole number from 1 to ${MAX_EXECUTION_SECONDS}`);
  }
  return seconds;
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
