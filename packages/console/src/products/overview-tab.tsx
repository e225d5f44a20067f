import { Anchor, Button, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { request, withQuery } from "../client/request.ts";
import { Count, Tile } from "../elements/count.tsx";
import { Empty } from "../elements/empty.tsx";
import { Loaded } from "../elements/loaded.tsx";
import { Section } from "../elements/page.tsx";
import { IntegrationTable } from "../integrations/integration-table.tsx";
import { useOverview } from "../integrations/overview.ts";
import { DeviceCount } from "./device-count.tsx";
import type { Product } from "./product.ts";

/** What the fleet is and where its events go. */
export function OverviewTab({ product }: { readonly product: Product }) {
  const { slug, description, settings } = product;
  const [opened, setOpened] = useState<string | null>(null);
  const integrations = useOverview({ q: "", type: "", state: "", scope: slug, after: "" });
  return (
    <>
      {description !== "" && (
        <Text size="sm" className="foreign" maw={720}>
          {description}
        </Text>
      )}
      <Group gap="xs" align="stretch">
        <Tile
          name="Devices"
          note={
            <Anchor component={Link} to={withQuery("/devices/import", { product: slug })} inherit>
              Add devices
            </Anchor>
          }
        >
          <DeviceCount product={slug} />
        </Tile>
        <Tile
          name="Waiting for approval"
          note={
            settings.quarantine ? "Devices that appear by themselves wait here" : "New devices are approved at once"
          }
        >
          <DeviceCount product={slug} approval="quarantined" />
        </Tile>
        <Tile name="Denied">
          <DeviceCount product={slug} approval="denied" />
        </Tile>
        <Tile name="Things">
          <ThingCount product={slug} />
        </Tile>
      </Group>
      <Section
        title="Where its events go"
        actions={
          <Button component={Link} to={withQuery("/integrations/new", { product: slug })} variant="default">
            Make an integration
          </Button>
        }
      >
        <Loaded query={integrations} lines={3}>
          {({ integrations: rows, total }) =>
            rows.length === 0 ? (
              <Empty title="The events of this product go nowhere yet">
                Make an integration: it takes the events whose names begin as you say, and brings them to an Azure IoT
                Hub or a webhook.
              </Empty>
            ) : (
              <>
                <IntegrationTable rows={rows} opened={opened} onOpen={setOpened} />
                {total > rows.length && (
                  <Anchor component={Link} to={withQuery("/integrations", { scope: slug })} size="sm">
                    {`All ${total.toLocaleString()} integrations`}
                  </Anchor>
                )}
              </>
            )
          }
        </Loaded>
      </Section>
    </>
  );
}

function ThingCount({ product }: { readonly product: string }) {
  const { data } = useQuery({
    queryKey: ["devices", "count", { product, kind: "thing" }],
    queryFn: ({ signal }) =>
      request<{ total: number | null }>("/admin/v1/devices", { query: { product, kind: "thing", limit: 1 }, signal }),
  });
  if (data === undefined || data.total === null) return "…";
  return <Count value={data.total} to={withQuery("/things", { product })} label="Things" />;
}
