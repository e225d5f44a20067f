import { SegmentedControl, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { CodeBlock } from "../elements/code-block.tsx";
import { CLIENTS } from "./clients.ts";
import type { LocalHub } from "./local-hub.ts";

/** Something to run against it. */
export function FirstClient({ hub }: { readonly hub: LocalHub }) {
  const [name, setName] = useState(CLIENTS[0].name);
  const client = CLIENTS.find((one) => one.name === name) ?? CLIENTS[0];
  return (
    <Stack gap="xs">
      <SegmentedControl
        aria-label="Client"
        data={CLIENTS.map((one) => one.name)}
        value={name}
        onChange={setName}
        style={{ alignSelf: "flex-start" }}
      />
      <Text size="sm" c="dimmed">
        {client.about}
      </Text>
      <CodeBlock text={client.text(hub)} what="the example" maxHeight={420} />
    </Stack>
  );
}
