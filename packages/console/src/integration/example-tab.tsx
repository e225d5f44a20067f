import { Anchor, Stack, Text } from "@mantine/core";
import { Link } from "wouter";
import { CodeBlock } from "../elements/code-block.tsx";
import { Section } from "../elements/page.tsx";
import type { IntegrationDetail } from "./integration.ts";
import { LastTries } from "./last-tries.tsx";
import { LiveTail } from "./live-tail.tsx";
import { useRecentEvents } from "./match.ts";
import { curl, firmware } from "./snippets.ts";

const NO_DEVICE = "YOUR_DEVICE_ID";

/** The form that publishes, filled with an event that the integration takes. */
function publishAddress({ event, scope }: IntegrationDetail, device: string): string {
  const fields = {
    publish: "1",
    name: event,
    data: '{"value":21.5}',
    ...(scope.product_slug != null && { product: scope.product_slug }),
    ...(device !== NO_DEVICE && { as: device }),
  };
  return `/events?${String(new URLSearchParams(fields))}`;
}

/** How to make it take an event, and what arrives when one does. */
export function ExampleTab({ integration }: { readonly integration: IntegrationDetail }) {
  const recent = useRecentEvents(integration);
  const device = recent.data?.find(({ device_id: one }) => one !== null)?.device_id ?? NO_DEVICE;
  const { scope, integration_type: type } = integration;
  const devices =
    scope.kind === "product" ? `/devices?product=${encodeURIComponent(scope.product_slug ?? "")}` : "/devices";
  return (
    <Stack gap="lg">
      <Section title="From a command line">
        <Text size="sm" c="dimmed">
          <code>TOKEN</code> is an access token of yours, or the device&apos;s own token from its registration;{" "}
          <code>{device === NO_DEVICE ? NO_DEVICE : "as_device_id"}</code>{" "}
          {device === NO_DEVICE ? "is the id of " : "names "}
          <Anchor component={Link} to={devices} inherit underline="always">
            one of your devices
          </Anchor>
          . Or{" "}
          <Anchor component={Link} to={publishAddress(integration, device)} inherit underline="always">
            publish it here
          </Anchor>
          .
        </Text>
        <CodeBlock text={curl(integration, { origin: location.origin, device })} what="the command" />
      </Section>
      <Section title="From a device">
        <CodeBlock text={firmware(integration)} what="the firmware" />
      </Section>
      {type === "AzureIotHub" ? <LiveTail integration={integration} /> : <LastTries integration={integration} />}
    </Stack>
  );
}
