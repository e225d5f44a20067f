/** What templates can name: the device cloud's variables, and the keys of data that are a JSON object. */
import type { DeviceEvent } from "../core/device-event.ts";

/** `userId`: the account that claimed the device; only a product's events tell it. */
export function templateVariables(event: DeviceEvent, userId: string | null): Record<string, unknown> {
  const publishedAt = new Date(event.publishedAt).toISOString();
  const data = event.data ?? "";
  const isProducts = event.productId !== null;
  return {
    ...objectVariables(data),
    PARTICLE_DEVICE_ID: event.deviceId,
    PARTICLE_EVENT_NAME: event.name,
    PARTICLE_EVENT_VALUE: data,
    PARTICLE_EVENT_ID: event.id,
    PARTICLE_EVENT_JSON: isJson(data) ? data : JSON.stringify(data),
    PARTICLE_EVENT_BASE64: Buffer.from(data, "utf8").toString("base64"),
    PARTICLE_PUBLISHED_AT: publishedAt,
    PRODUCT_ID: event.productId,
    PRODUCT_USER_ID: isProducts ? userId : null,
    PRODUCT_VERSION: event.firmwareVersion,
    SPARK_CORE_ID: event.deviceId,
    SPARK_EVENT_NAME: event.name,
    SPARK_EVENT_VALUE: data,
    SPARK_PUBLISHED_AT: publishedAt,
  };
}

/** The keys of a JSON object; none of anything else. */
export function objectVariables(data: string): object {
  if (!data.trimStart().startsWith("{")) return {};
  try {
    return JSON.parse(data) as object;
  } catch {
    return {};
  }
}

export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
