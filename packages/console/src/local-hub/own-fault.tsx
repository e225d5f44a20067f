import { Button, Stack, Text, Textarea } from "@mantine/core";
import { useState } from "react";
import { announce } from "../elements/announcements.tsx";
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
    const rule = objectIn(text);
    setFault(rule === null ? "This is no JSON object" : null);
    if (rule !== null) add.mutate(rule, { onSuccess: () => announce("The fault is switched on") });
  }

  return (
    <details>
      <Text component="summary" size="sm">
        A rule of your own
      </Text>
      <Stack gap="xs" mt="xs">
        <Textarea
          label="Rule"
          description="where: point, operation, deviceId, protocol; effect: kind, error, ms; and skip, times, probability, forMs."
          autosize
          minRows={4}
          ff="monospace"
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

function objectIn(text: string): object | null {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
