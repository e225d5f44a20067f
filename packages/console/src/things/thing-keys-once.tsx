import { Stack, Text } from "@mantine/core";
import { CodeBlock } from "../elements/code-block.tsx";
import { SecretOnce } from "../elements/secret-once.tsx";
import { deviceProgram } from "./device-program.ts";
import type { ThingKeys } from "./thing-rows.ts";

/** The keys of a Thing, shown this once, and a device that uses them. */
export function ThingKeysOnce({ keys }: { readonly keys: ThingKeys }) {
  return (
    <SecretOnce what="connection string" secret={keys.connectionString}>
      <Stack gap="xs">
        <Text size="sm">Primary key:</Text>
        <CodeBlock text={keys.primaryKey} what="the primary key" />
        <Text size="sm">Secondary key:</Text>
        <CodeBlock text={keys.secondaryKey} what="the secondary key" />
        <Text size="sm">
          A device in ten lines (npm install azure-iot-device azure-iot-device-mqtt). It says what it gets, and reports.
          {isLocal(keys) &&
            " The Local Hub has a certificate of its own: start it with NODE_EXTRA_CA_CERTS and the file of Hubs › Local Hub."}
        </Text>
        <CodeBlock text={deviceProgram(keys.connectionString)} what="the program" />
      </Stack>
    </SecretOnce>
  );
}

function isLocal({ connectionString }: ThingKeys): boolean {
  return !/HostName=[^;]+\.azure-devices/i.test(connectionString);
}
