/** Small values that store tests are made of. */
import { newEventId } from "../../core/ids.ts";
import type { DeviceEvent } from "../../core/device-event.ts";
import type { AzureIotHubSettings, IntegrationSettings } from "../../core/directory.ts";
import type { Failure } from "../../core/failure.ts";
import { AZURE_IOT_HUB_DEFAULTS, type Scope } from "../../core/integration.ts";
import { WEBHOOK_DEFAULTS, type WebhookSecrets } from "../../core/webhook.ts";

/** 24 hex digits that name the number. */
export function deviceId(n: number): string {
  return n.toString(16).padStart(24, "0");
}

export function event(overrides: Partial<DeviceEvent> = {}): DeviceEvent {
  const receivedAt = overrides.receivedAt ?? 1_700_000_000_000;
  return {
    id: newEventId(receivedAt),
    name: "temperature",
    data: "21.5",
    contentType: "text/plain;charset=utf-8",
    deviceId: deviceId(1),
    productId: null,
    firmwareVersion: null,
    publishedAt: receivedAt,
    receivedAt,
    ...overrides,
  };
}

export function settings(scope: Scope, overrides: Partial<AzureIotHubSettings> = {}): AzureIotHubSettings {
  return {
    ...AZURE_IOT_HUB_DEFAULTS,
    type: "AzureIotHub",
    scope,
    event: "temp",
    deviceId: null,
    name: "To the hub",
    hubName: "plant",
    hostName: "plant.azure-devices.net",
    policyName: "isthmus",
    policyKey: "c2VjcmV0LWtleS1vZi10aGUtcG9saWN5",
    dailyCap: null,
    disabled: false,
    ...overrides,
  };
}

export const REFUSED: Failure = { code: "message_refused", message: "The hub said no.", hubCode: "400027" };
export const IN_USE: Failure = { code: "identity_in_use", message: "Another link took over." };

export function webhookSettings(scope: Scope, secrets: WebhookSecrets): IntegrationSettings {
  return {
    type: "Webhook",
    scope,
    event: "temp",
    deviceId: null,
    name: "hook",
    ...WEBHOOK_DEFAULTS,
    url: "https://example.com/in",
    dailyCap: null,
    disabled: false,
    secrets,
  };
}
