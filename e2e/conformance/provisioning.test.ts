/** The Device Provisioning Service by Microsoft's clients: enrolments made by a service, registrations made by devices. */
import { createHmac, randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { Message } from "azure-iot-device";
import { Http } from "azure-iot-provisioning-device-http";
import { Mqtt } from "azure-iot-provisioning-device-mqtt";
import { ProvisioningDeviceClient } from "azure-iot-provisioning-device";
import type * as ServiceModule from "azure-iot-provisioning-service";
import { SymmetricKeySecurityClient } from "azure-iot-security-symmetric-key";
import type * as Service from "azure-iothub";
import { describe, expect, test } from "vitest";
import { addresses, createDevice, createRegistry, hostName, newDeviceId, noWebSocket } from "./target.ts";

const { ProvisioningServiceClient } = createRequire(import.meta.url)(
  "azure-iot-provisioning-service",
) as typeof ServiceModule;

// A real provisioning service must be linked to the hub of the other tests.
const connectionString = process.env["DPS_CONNECTION_STRING"] ?? addresses.local?.provisioningConnectionString;
const idScope = process.env["DPS_ID_SCOPE"] ?? addresses.local?.idScope;
const host = addresses.local === undefined ? "global.azure-devices-provisioning.net" : hostName;
const absent =
  connectionString === undefined || idScope === undefined ? "DPS_CONNECTION_STRING is not set" : noWebSocket;

const registry: Service.Registry = createRegistry();
const TRANSPORTS = { Http, Mqtt } as const;
const newKey = (): string => randomBytes(32).toString("base64");

interface Registration {
  readonly assignedHub: string;
  readonly deviceId: string;
  readonly status: string;
}

function register(transport: keyof typeof TRANSPORTS, registrationId: string, key: string): Promise<Registration> {
  const security = new SymmetricKeySecurityClient(registrationId, key);
  const client = ProvisioningDeviceClient.create(
    host,
    idScope as string,
    new TRANSPORTS[transport](),
    security as never,
  );
  return client.register() as Promise<never>;
}

describe.each(["Http", "Mqtt"] as const)("a device that registers over %s", (transport) => {
  test.skipIf(absent)(`is assigned to the hub by a key of its own${absent ? `: ${absent}` : ""}`, async () => {
    const service = ProvisioningServiceClient.fromConnectionString(connectionString as string);
    const [registrationId, deviceId, key] = [newDeviceId(), newDeviceId(), newKey()];
    const enrollment = {
      registrationId,
      deviceId,
      attestation: { type: "symmetricKey", symmetricKey: { primaryKey: key, secondaryKey: newKey() } },
      initialTwin: { tags: { from: "enrollment" }, properties: { desired: { rate: 9 } } },
      provisioningStatus: "enabled",
    };
    await service.createOrUpdateIndividualEnrollment(enrollment as never);
    try {
      const registration = await register(transport, registrationId, key);
      expect(registration).toMatchObject({ status: "assigned", deviceId });
      expect(registration.assignedHub.split(":")[0]).toBe(hostName);
      const twin = (await registry.getTwin(deviceId)).responseBody;
      expect(twin.tags).toEqual({ from: "enrollment" });
      expect(twin.properties.desired).toMatchObject({ rate: 9 });
      // The key that registers the device is the one it connects with.
      const device = { deviceId, authentication: { symmetricKey: { primaryKey: key } } };
      const client = createDevice("Mqtt", device as never);
      await client.open();
      await client.sendEvent(new Message("provisioned"));
      await client.close();
    } finally {
      await service.deleteIndividualEnrollment(registrationId);
    }
    await expect(register(transport, registrationId, key)).rejects.toThrow(/./);
  });

  test.skipIf(absent)("is assigned to the hub by a key derived from its group's", async () => {
    const service = ProvisioningServiceClient.fromConnectionString(connectionString as string);
    const [groupId, registrationId, groupKey] = [newDeviceId(), newDeviceId(), newKey()];
    const attestation = { type: "symmetricKey", symmetricKey: { primaryKey: groupKey, secondaryKey: newKey() } };
    await service.createOrUpdateEnrollmentGroup({
      enrollmentGroupId: groupId,
      attestation,
      provisioningStatus: "enabled",
    } as never);
    try {
      const derived = createHmac("sha256", Buffer.from(groupKey, "base64")).update(registrationId).digest("base64");
      expect(await register(transport, registrationId, derived)).toMatchObject({ status: "assigned" });
      await expect(register(transport, newDeviceId(), derived)).rejects.toThrow(/./);
      expect((await registry.get(registrationId)).responseBody).toMatchObject({ status: "enabled" });
    } finally {
      await service.deleteEnrollmentGroup(groupId);
    }
  });
});
