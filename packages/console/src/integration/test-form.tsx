import { Button, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { FailureNote } from "../elements/failure-note.tsx";
import { Loading } from "../elements/loaded.tsx";
import { runTest, type TestChoice } from "./integration-test.ts";
import type { IntegrationDetail } from "./integration.ts";
import { TestResult } from "./test-result.tsx";

const DEFAULT_DATA = "test-event";

export function TestForm({ integration }: { readonly integration: IntegrationDetail }) {
  const { integration_type: type, deviceID = null } = integration;
  const [data, setData] = useState(DEFAULT_DATA);
  const [device, setDevice] = useState(deviceID ?? "");
  const test = useMutation({
    mutationFn: (choice: TestChoice) => runTest(integration, choice),
  });
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        {type === "Webhook"
          ? "Sends one request for real. It does not count among the deliveries."
          : "Does with the hub what a first event does, one permission at a time, sends a message for real, and reads it back from the hub. What the test makes in the hub is removed again."}
      </Text>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          test.mutate({ data, ...(device.trim() !== "" && { device_id: device.trim() }) });
        }}
      >
        <Stack gap="sm">
          <Textarea
            label="Data"
            description="What the device would have published"
            autosize
            minRows={1}
            maxRows={8}
            value={data}
            data-autofocus
            onChange={(event) => setData(event.currentTarget.value)}
          />
          <TextInput
            label="Device"
            description={
              type === "Webhook"
                ? "Id of a device to test as. Empty: none"
                : "Id of a device to test as. Empty: an identity of its own, which is removed again"
            }
            value={device}
            onChange={(event) => setDevice(event.currentTarget.value)}
          />
          {test.error !== null && <FailureNote failure={test.error} />}
          <div>
            <Button type="submit" loading={test.isPending}>
              {test.data === undefined ? "Run the test" : "Run it again"}
            </Button>
          </div>
        </Stack>
      </form>
      {test.isPending && <Loading lines={5} />}
      {test.data !== undefined && !test.isPending && <TestResult report={test.data} integration={integration} />}
    </Stack>
  );
}
