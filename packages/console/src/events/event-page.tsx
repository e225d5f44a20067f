import { Anchor, Button, Group, Text } from "@mantine/core";
import { useMemo, type ReactNode } from "react";
import { Link } from "wouter";
import { segment, withQuery } from "../client/request.ts";
import { CodeBlock } from "../elements/code-block.tsx";
import { CopyButton } from "../elements/copy-button.tsx";
import { Fact, Facts } from "../elements/facts.tsx";
import { Loaded } from "../elements/loaded.tsx";
import { Page, Section } from "../elements/page.tsx";
import { Time } from "../elements/time.tsx";
import { prettyJson } from "../integration/pretty-json.ts";
import { useProducts } from "../products/product.ts";
import { DeviceLink } from "./event-rows.tsx";
import { EventVerdicts } from "./event-verdicts.tsx";
import { useEventTrace, type ShownEvent } from "./event.ts";

export function EventPage({ params }: { readonly params: Readonly<Record<string, string>> }) {
  const id = params["id"] ?? "";
  const trace = useEventTrace(id);
  const event = trace.data?.event;
  return (
    <Page
      title={event?.name ?? "Event"}
      parent={{ title: "Events", to: "/events" }}
      about={
        <Group gap={6}>
          <Text span size="sm" ff="monospace" className="foreign">
            {id}
          </Text>
          <CopyButton text={id} what="the event's id" />
        </Group>
      }
      actions={event !== undefined && <EventActions event={event} />}
    >
      <Loaded query={trace}>
        {({ event: loaded, integrations }) => (
          <>
            <EventFields event={loaded} />
            <EventVerdicts eventId={loaded.id} verdicts={integrations} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function EventActions({ event }: { readonly event: ShownEvent }) {
  const product = useProductOf(event);
  const again = {
    publish: 1,
    name: event.name,
    data: event.data,
    as: event.device_id,
    ...(product !== undefined && { product: product.slug }),
  };
  return (
    <>
      <Button component={Link} to={withQuery("/events", { prefix: event.name })} variant="default">
        Events of this name
      </Button>
      <Button component={Link} to={withQuery("/events", again)} variant="default">
        Publish one like it
      </Button>
    </>
  );
}

function EventFields({ event }: { readonly event: ShownEvent }) {
  const product = useProductOf(event);
  const rows: readonly (readonly [name: string, value: ReactNode])[] = [
    ["Received", <Time key="received" at={event.received_at} />],
    ["Published", <Time key="published" at={event.published_at} />],
    ["Device", <DeviceLink key="device" id={event.device_id} name={event.device_name} />],
    ...(event.device_id !== null && event.device_name !== null
      ? [["Device id", <Mono key="id" text={event.device_id} />] as const]
      : []),
    [
      "Product",
      product === undefined ? (
        (event.product_id ?? "none")
      ) : (
        <Anchor key="product" component={Link} to={`/products/${segment(product.slug)}`} size="sm" className="foreign">
          {product.name}
        </Anchor>
      ),
    ],
    ["Firmware version", event.fw_version ?? "not known"],
    ["Content type", <Mono key="type" text={event.content_type} />],
  ];
  return (
    <Section title="What was published">
      <Facts>
        {rows.map(([name, value]) => (
          <Fact key={name} name={name}>
            {value}
          </Fact>
        ))}
      </Facts>
      {event.data === null ? (
        <Text size="sm" c="dimmed">
          It has no data.
        </Text>
      ) : (
        <CodeBlock text={prettyJson(event.data)} what="the data" />
      )}
    </Section>
  );
}

function Mono({ text }: { readonly text: string }) {
  return (
    <Text span size="sm" ff="monospace" className="foreign">
      {text}
    </Text>
  );
}

function useProductOf({ product_id: id }: ShownEvent) {
  const { data } = useProducts();
  return useMemo(() => data?.find((product) => product.id === id), [data, id]);
}
