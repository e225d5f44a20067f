import { SimpleGrid, Stack, Text } from "@mantine/core";
import { CodeBlock } from "../elements/code-block.tsx";
import type { HubMessage } from "./integration-test.ts";
import { prettyJson } from "./pretty-json.ts";
import { counted } from "./state-in-words.ts";

/** A message of a hub: body, properties, and what it counts for. */
export function MessageView({
  message,
  deviceId,
}: {
  readonly message: HubMessage;
  /** In the hub. */
  readonly deviceId: string | null;
}) {
  const { body, properties, content_type: type, content_encoding: encoding, message_id: id } = message;
  const system = {
    ...(deviceId !== null && { device: deviceId }),
    messageId: id,
    contentType: type,
    contentEncoding: encoding,
  };
  return (
    <Stack gap="xs">
      <CodeBlock text={prettyJson(body)} what="the body" />
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <div>
          <Text size="xs" c="dimmed">
            Properties
          </Text>
          <CodeBlock text={lines(properties)} what="the properties" />
        </div>
        <div>
          <Text size="xs" c="dimmed">
            System properties
          </Text>
          <CodeBlock text={lines(system)} what="the system properties" />
        </div>
      </SimpleGrid>
      <Text size="xs" c="dimmed">
        {counted(message.size, "byte")}; counts as {counted(message.metered, "message")} of the hub’s quota (
        {message.metered_on_free} on the free tier).
      </Text>
    </Stack>
  );
}

function lines(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}`)
    .join("\n");
}
