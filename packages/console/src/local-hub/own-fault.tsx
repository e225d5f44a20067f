import { Button, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { typedObject } from "../device/json.ts";
import { announce } from "../elements/announcements.tsx";
import { CodeInput } from "../elements/code-input.tsx";
import { FailureNote } from "../elements/failure-note.tsx";
import { useAddFault } from "./local-hub.ts";

const EXAMPLE = `{
  "where": { "point": "http", "operation": "GET /twins/:deviceId" },
  "effect": { "kind": "error", "error": "ServiceUnavailable" },
  "times": 2
}`;

/** A rule of one's own, for what no preset does. */
export function OwnFault() {
  const [text, setText] = useState(EXAMPLE);
  const [fault, setFault] = useState<string | null>(null);
  const add = useAddFault();

  function switchOn(): void {
    const rule = typedObject(text);
    setFault(rule.ok ? null : rule.message);
    if (rule.ok) add.mutate(rule.value, { onSuccess: () => announce("The fault is switched on") });
  }

  return (
    <details>
      <Text component="summary" size="sm">
        A rule of your own
      </Text>
      <Stack gap="xs" mt="xs">
        <CodeInput
          label="Rule"
          description="where: point, operation, deviceId, protocol; effect: kind, error, ms; and skip, times, probability, forMs."
          minRows={4}
          value={text}
          error={fault}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        {add.error !== null && <FailureNote failure={add.error} />}
        <Button style={{ alignSelf: "flex-start" }} loading={add.isPending} onClick={switchOn}>
          Switch on this rule
        </Button>
      </Stack>
    </details>
  );
}
