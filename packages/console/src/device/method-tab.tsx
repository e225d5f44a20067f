import { Alert, Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { fieldFailure } from "../client/field-failure.ts";
import { CodeBlock } from "../elements/code-block.tsx";
import { Section } from "../elements/page.tsx";
import { HubFailure } from "./missing-note.tsx";
import { useDoInHub, type InHub } from "./hub-device.ts";
import { JsonText } from "./json-text.tsx";
import { typedJson } from "./json.ts";
import type { Json } from "./json.ts";
import { NumberField } from "../elements/number-field.tsx";

interface MethodAnswer {
  readonly status: number;
  readonly payload: Json;
  readonly round_trip_ms: number;
}

interface MethodCall {
  readonly method: string;
  readonly payload: unknown;
  readonly response_timeout_seconds: number;
  readonly connect_timeout_seconds: number;
}

/** Calls a method of the device and shows what it answered. */
export function MethodTab({ at }: { readonly at: InHub }) {
  const [method, setMethod] = useState("");
  const [payload, setPayload] = useState("null");
  const [response, setResponse] = useState<number | string>(30);
  const [connect, setConnect] = useState<number | string>(0);
  const call = useDoInHub<MethodAnswer, MethodCall>(at, "methods", { method: "POST" });
  const typed = typedJson(payload);
  return (
    <Section title="Direct method">
      <Text size="sm" c="dimmed">
        A call that the device answers while you wait. It must be connected to the hub by itself and listen for methods;
        a device behind the bridge is asked by its functions instead.
      </Text>
      <Stack
        component="form"
        gap="sm"
        maw={640}
        onSubmit={(event) => {
          event.preventDefault();
          if (!typed.ok) return;
          call.mutate({
            method,
            payload: typed.value,
            response_timeout_seconds: Number(response),
            connect_timeout_seconds: Number(connect),
          });
        }}
      >
        <TextInput
          label="Method"
          description="The name that the device’s program listens for, as reboot."
          required
          value={method}
          onChange={(event) => setMethod(event.currentTarget.value)}
          error={fieldFailure(call.error, "method")}
        />
        <JsonText
          label="Payload"
          description="JSON, 128 KB at most."
          text={payload}
          onChange={setPayload}
          error={fieldFailure(call.error, "payload")}
        />
        <Group grow align="flex-start">
          <NumberField
            label="Seconds to answer"
            description="5 to 300"
            min={5}
            max={300}
            value={response}
            onChange={setResponse}
            error={fieldFailure(call.error, "response_timeout_seconds")}
          />
          <NumberField
            label="Seconds to connect"
            description="0 to 300; 0 fails at once"
            min={0}
            max={300}
            value={connect}
            onChange={setConnect}
            error={fieldFailure(call.error, "connect_timeout_seconds")}
          />
        </Group>
        <Group>
          <Button type="submit" loading={call.isPending} disabled={!typed.ok || method === ""}>
            Call the method
          </Button>
        </Group>
      </Stack>
      {call.error !== null && <HubFailure failure={call.error} />}
      {call.data !== undefined && <Answer answer={call.data} />}
    </Section>
  );
}

function Answer({ answer }: { readonly answer: MethodAnswer }) {
  const { status, payload, round_trip_ms: took } = answer;
  return (
    <Alert
      color={status < 400 ? "teal" : "yellow"}
      variant="light"
      role="status"
      title={`The device answered ${status} after ${took.toLocaleString()} ms`}
    >
      <CodeBlock text={JSON.stringify(payload, null, 2)} what="the answer’s payload" />
    </Alert>
  );
}
