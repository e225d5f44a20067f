import { Anchor } from "@mantine/core";
import { Link } from "wouter";
import { segment } from "../client/request.ts";
import type { DeviceRow } from "../devices/device-rows.ts";
import { Facts, Fact } from "../elements/facts.tsx";
import { Section } from "../elements/page.tsx";
import { Time } from "../elements/time.tsx";

/** What is kept of the device here. */
export function DeviceFacts({ device }: { readonly device: DeviceRow }) {
  return (
    <Section
      title="Here"
      actions={
        <Anchor component={Link} to={`/devices/${segment(device.id)}/registration`} size="sm">
          Change what is registered
        </Anchor>
      }
    >
      <Facts>
        <Fact name="Product">
          {device.product_slug === null ? (
            "none: it is in the sandbox"
          ) : (
            <Anchor component={Link} to={`/products/${segment(device.product_slug)}`} inherit>
              {device.product_name}
            </Anchor>
          )}
        </Fact>
        {device.serial_number !== null && <Fact name="Serial number">{device.serial_number}</Fact>}
        {device.firmware_version !== null && <Fact name="Firmware">{device.firmware_version}</Fact>}
        {device.groups.length > 0 && <Fact name="Groups">{device.groups.join(", ")}</Fact>}
        {device.last_ip_address !== null && <Fact name="Last address">{device.last_ip_address}</Fact>}
        <Fact name="Known since">
          <Time at={device.created_at} />
        </Fact>
        {device.notes !== null && <Fact name="Notes">{device.notes}</Fact>}
      </Facts>
    </Section>
  );
}
