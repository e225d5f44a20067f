/** Scheduled jobs as they are kept and shown: one operation, done to many devices or modules. Times are unix milliseconds. */
import type { IdentityRef } from "../registry/identity.ts";
import type { JsonObject, JsonValue } from "../twins/twin.ts";

export type JobType = "scheduleUpdateTwin" | "scheduleDeviceMethod";
export type JobStatus = "scheduled" | "queued" | "running" | "completed" | "failed" | "cancelled";

export interface JobStatistics {
  readonly deviceCount: number;
  readonly failedCount: number;
  readonly succeededCount: number;
  readonly runningCount: number;
  readonly pendingCount: number;
}

export interface Job {
  /** In the order of their creation. */
  readonly number: number;
  readonly jobId: string;
  readonly type: JobType;
  readonly queryCondition: string;
  /** As the client sent it, by the type. */
  readonly updateTwin?: JsonObject;
  readonly cloudToDeviceMethod?: JsonObject;
  readonly createdTime: number;
  readonly startTime: number;
  readonly endTime?: number;
  readonly maxExecutionTimeInSeconds: number;
  readonly status: JobStatus;
  readonly failureReason?: string;
  /** As it was at the end. */
  readonly statistics?: JobStatistics;
}

/** What became of a job at one device or module. */
export interface DeviceJob {
  readonly number: number;
  readonly jobId: string;
  readonly type: JobType;
  readonly ref: IdentityRef;
  readonly status: "running" | "completed" | "failed";
  readonly createdTime: number;
  readonly startTime: number;
  readonly updatedTime: number;
  /** The answer to a method. */
  readonly response?: { readonly status: number; readonly payload: JsonValue };
  readonly error?: { readonly code: string; readonly description: string };
}

export function hasEnded({ status }: Job): boolean {
  return status === "completed" || status === "failed" || status === "cancelled";
}

/** A job as services read it; `statistics` are those of now while it runs. */
export function formatJob(job: Job, statistics: JobStatistics | undefined = job.statistics): JsonObject {
  return {
    jobId: job.jobId,
    queryCondition: job.queryCondition,
    createdTime: dateOf(job.createdTime),
    startTime: dateOf(job.startTime),
    ...(job.endTime === undefined ? {} : { endTime: dateOf(job.endTime) }),
    maxExecutionTimeInSeconds: job.maxExecutionTimeInSeconds,
    type: job.type,
    ...(job.updateTwin === undefined ? {} : { updateTwin: job.updateTwin }),
    ...(job.cloudToDeviceMethod === undefined ? {} : { cloudToDeviceMethod: job.cloudToDeviceMethod }),
    status: job.status,
    ...(job.failureReason === undefined ? {} : { failureReason: job.failureReason }),
    ...(statistics === undefined ? {} : { deviceJobStatistics: { ...statistics } }),
  };
}

/** A row of `devices.jobs`. */
export function formatDeviceJob(row: DeviceJob): JsonObject {
  return {
    deviceId: row.ref.deviceId,
    ...(row.ref.moduleId === undefined ? {} : { moduleId: row.ref.moduleId }),
    jobId: row.jobId,
    jobType: row.type,
    status: row.status,
    createdDateTimeUtc: dateOf(row.createdTime),
    startTimeUtc: dateOf(row.startTime),
    lastUpdatedDateTimeUtc: dateOf(row.updatedTime),
    ...(row.status === "running" ? {} : { endTimeUtc: dateOf(row.updatedTime) }),
    ...(row.response === undefined ? {} : { outcome: { deviceMethodResponse: row.response } }),
    ...(row.error === undefined ? {} : { error: row.error }),
  };
}

function dateOf(time: number): string {
  return new Date(time).toISOString();
}
