import { Anchor, Code, Group, NativeSelect, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { segment } from "../client/request.ts";
import type { DeviceRow } from "../devices/device-rows.ts";
import { useAddress } from "../elements/address.ts";
import { Empty } from "../elements/empty.tsx";
import { Loaded } from "../elements/loaded.tsx";
import { useHubsOf, type HubOfDevice, type InHub } from "./hub-device.ts";

/** One of the device's hubs, chosen in the address where there are several; without any, how it gets one. */
export function InChosenHub({
  device,
  children,
}: {
  readonly device: DeviceRow;
  readonly children: (at: InHub) => ReactNode;
}) {
  const query = useHubsOf(device.id);
  const { fields: search, change } = useAddress();
  return (
    <Loaded query={query}>
      {(hubs) => {
        const hub = hubs.find((one) => keyOf(one) === search.get("hub")) ?? hubs[0];
        if (hub === undefined) return <NoHub device={device} />;
        return (
          <Stack gap="md">
            {hubs.length > 1 ? (
              <NativeSelect
                label="Hub"
                description="The device lives in several. What is shown here is of this one."
                value={keyOf(hub)}
                data={hubs.map((one) => ({ value: keyOf(one), label: labelOf(one) }))}
                onChange={(event) => change({ hub: event.currentTarget.value })}
                maw={560}
              />
            ) : (
              <HubLine hub={hub} />
            )}
            <div key={keyOf(hub)}>{children({ deviceId: device.id, hub })}</div>
          </Stack>
        );
      }}
    </Loaded>
  );
}

export function keyOf({ connection_id: connection, hub_device_id: id }: HubOfDevice): string {
  return `${connection}~${id}`;
}

function HubLine({ hub }: { readonly hub: HubOfDevice }) {
  return (
    <Group gap={6}>
      <Text size="sm" c="dimmed">
        In
      </Text>
      <Anchor component={Link} to={hubAddress(hub)} size="sm" className="foreign">
        {hostInWords(hub)}
      </Anchor>
      <Text size="sm" c="dimmed">
        as
      </Text>
      <Code className="foreign">{hub.hub_device_id}</Code>
    </Group>
  );
}

export function hubAddress({ host_name: host, connection_id: id }: HubOfDevice): string {
  return host === "local" ? "/hubs/local" : `/hubs/${segment(id)}`;
}

export function hostInWords({ host_name: host }: Pick<HubOfDevice, "host_name">): string {
  return host === "local" ? "the Local Hub" : host;
}

function labelOf(hub: HubOfDevice): string {
  return `${hostInWords(hub)} as ${hub.hub_device_id}`;
}

function NoHub({ device }: { readonly device: DeviceRow }) {
  if (device.kind === "thing") {
    return (
      <Empty title="This Thing is in no hub">
        It was made while its product had none. Give the product a hub for its states, then write its state.
      </Empty>
    );
  }
  return (
    <Empty title="No hub knows this device yet">
      An integration with Azure IoT Hub makes its identity with the first event that it takes.{" "}
      <Anchor component={Link} to="/integrations/new" inherit>
        Make an integration
      </Anchor>
      {device.product_slug === null
        ? " in the sandbox of whoever has claimed the device."
        : " in the device’s product, where it is approved."}
    </Empty>
  );
}
