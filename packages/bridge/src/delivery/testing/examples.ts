/** Ordinary nouns for tests; a test names only what it is about. */
import type { PendingDelivery } from "../../core/delivery.ts";
import type { Device } from "../../core/device.ts";
import { AZURE_IOT_HUB_DEFAULTS, type AzureIotHubIntegration } from "../../core/integration.ts";

const SOME_TIME = 1_760_443_200_000;

export function aDevice(about: Partial<Device> = {}): Device {
  return {
    id: "0123456789abcdef01234567",
    name: null,
    ownerId: "owner",
    productId: null,
    approval: "approved",
    firmwareVersion: null,
    notes: null,
    lastHeard: null,
    createdAt: SOME_TIME,
    ...about,
  };
}

export function anEvent(about: Partial<PendingDelivery["event"]> = {}): PendingDelivery["event"] {
  return {
    id: "0199e2a0-0000-7000-8000-000000000001",
    name: "temperature/air",
    data: "21.5",
    contentType: "text/plain;charset=utf-8",
    deviceId: "0123456789abcdef01234567",
    productId: null,
    firmwareVersion: null,
    publishedAt: SOME_TIME,
    receivedAt: SOME_TIME,
    ...about,
  };
}

export function aDelivery(about: Partial<PendingDelivery> = {}): PendingDelivery {
  return { id: 1, integrationId: "integration", seq: 1, attempts: 0, event: anEvent(), ...about };
}

export function anIntegration(about: Partial<AzureIotHubIntegration> = {}): AzureIotHubIntegration {
  return {
    ...AZURE_IOT_HUB_DEFAULTS,
    id: "integration",
    type: "AzureIotHub",
    scope: { kind: "sandbox", accountId: "owner" },
    event: "",
    deviceId: null,
    name: "An integration",
    hubName: "hub",
    policyName: "policy",
    connectionId: "connection",
    dailyCap: null,
    disabled: false,
    createdAt: SOME_TIME,
    updatedAt: SOME_TIME,
    ...about,
  };
}
