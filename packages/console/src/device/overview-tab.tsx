import { Anchor, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { request, segment } from "../client/request.ts";
import type { DeviceRow } from "../devices/device-rows.ts";
import { DataTable } from "../elements/data-table.tsx";
import { Empty } from "../elements/empty.tsx";
import { Loaded } from "../elements/loaded.tsx";
import { Section } from "../elements/page.tsx";
import { StateBadge } from "../elements/state-badge.tsx";
import { Time } from "../elements/time.tsx";
import { hostInWords, hubAddress, keyOf } from "./hub-choice.tsx";
import { useHubsOf, type HubOfDevice } from "./hub-device.ts";
import { DeviceFacts } from "./device-facts.tsx";
import { originInWords } from "./identity-words.tsx";

interface RecentEvent {
  readonly id: string;
  readonly name: string;
  readonly data: string | null;
  readonly received_at: string;
}

const LAST_EVENTS = 10;

/** What is known of the device here, where it lives in hubs, and what it said last. */
export function OverviewTab({ device }: { readonly device: DeviceRow }) {
  return (
    <Stack gap="lg">
      <DeviceFacts device={device} />
      <Hubs device={device} />
      {device.kind === "device" && <LastEvents device={device} />}
    </Stack>
  );
}

function Hubs({ device }: { readonly device: DeviceRow }) {
  const query = useHubsOf(device.id);
  return (
    <Section title="In hubs">
      <Loaded query={query} lines={3}>
        {(hubs) =>
          hubs.length === 0 ? (
            <Empty title="It is in no hub">
              An integration with Azure IoT Hub makes its identity with the first event that it takes.
            </Empty>
          ) : (
            <DataTable
              name="Hubs of the device"
              rows={hubs}
              rowKey={keyOf}
              columns={[
                {
                  name: "Hub",
                  cell: (hub) => (
                    <Anchor component={Link} to={hubAddress(hub)} inherit className="foreign">
                      {hostInWords(hub)}
                    </Anchor>
                  ),
                },
                {
                  name: "Id there",
                  wideOnly: true,
                  cell: ({ hub_device_id: id }) => <span className="foreign">{id}</span>,
                },
                { name: "Identity", cell: (hub) => <Presence device={device} hub={hub} /> },
                { name: "Deliveries", cell: (hub) => <Deliveries device={device} hub={hub} /> },
              ]}
            />
          )
        }
      </Loaded>
    </Section>
  );
}

/** As far as it is remembered here; the hub itself is asked when one opens it. */
function Presence({ device, hub }: { readonly device: DeviceRow; readonly hub: HubOfDevice }) {
  const isMissing = !hub.has_identity || (hub.mirrors_state && device.state?.sync === "missing_in_hub");
  return (
    <>
      <StateBadge tone={isMissing ? "wait" : "good"}>{isMissing ? "Not there yet" : "There"}</StateBadge>{" "}
      <Anchor component={Link} to={`/devices/${segment(device.id)}/identity?hub=${segment(keyOf(hub))}`} size="xs">
        {isMissing ? "what makes it" : originInWords(hub.known)}
      </Anchor>
    </>
  );
}

function Deliveries({ device, hub }: { readonly device: DeviceRow; readonly hub: HubOfDevice }) {
  if (hub.integrations.length === 0) {
    return (
      <Text span size="sm" c="dimmed">
        none: its state is mirrored there
      </Text>
    );
  }
  return (
    <Stack gap={2}>
      {hub.integrations.map(({ id, name, disabled }) => (
        <span key={id} className="foreign">
          <Anchor
            component={Link}
            to={`/integrations/${segment(id)}/deliveries?device=${segment(device.id)}`}
            inherit
            aria-label={`Deliveries of this device by ${name}`}
          >
            {name}
          </Anchor>
          {disabled && " (paused)"}
        </span>
      ))}
    </Stack>
  );
}

/** The publish form, filled. */
function publishAs({ id, product_slug: product }: DeviceRow): string {
  return `/events?${String(new URLSearchParams({ publish: "1", as: id, ...(product !== null && { product }) }))}`;
}

function LastEvents({ device }: { readonly device: DeviceRow }) {
  const { id } = device;
  const query = useQuery({
    queryKey: ["events", "of-device", id],
    queryFn: ({ signal }) =>
      request<{ events: readonly RecentEvent[] }>("/admin/v1/events", {
        query: { device_id: id, limit: LAST_EVENTS },
        signal,
      }),
    refetchInterval: 5_000,
  });
  return (
    <Section
      title="Last events"
      actions={
        <Anchor component={Link} to={`/events?device=${segment(id)}`} size="sm">
          All events of the device
        </Anchor>
      }
    >
      <Loaded query={query} lines={4}>
        {({ events }) =>
          events.length === 0 ? (
            <Empty title="It has published nothing yet" command={`npx isthmus publish temp 21.5 --device ${id}`}>
              An event that it publishes shows here at once. For its own program{" "}
              <Anchor component={Link} to={`/devices/${segment(id)}/registration`} inherit underline="always">
                make it a token
              </Anchor>
              ; or{" "}
              <Anchor component={Link} to={publishAs(device)} inherit underline="always">
                publish an event as this device
              </Anchor>{" "}
              here, or in a shell:
            </Empty>
          ) : (
            <DataTable
              name="Last events of the device"
              rows={events}
              rowKey={(event) => event.id}
              columns={[
                { name: "Received", cell: ({ received_at: at }) => <Time at={at} /> },
                {
                  name: "Event",
                  cell: (event) => (
                    <Anchor
                      component={Link}
                      to={`/events/${segment(event.id)}`}
                      inherit
                      className="foreign"
                      miw="10rem"
                      display="block"
                    >
                      {event.name}
                    </Anchor>
                  ),
                },
                {
                  name: "Data",
                  cell: ({ data }) => (
                    <Text size="xs" ff="monospace" lineClamp={2} miw="16rem" className="foreign">
                      {data ?? "none"}
                    </Text>
                  ),
                },
              ]}
            />
          )
        }
      </Loaded>
    </Section>
  );
}
