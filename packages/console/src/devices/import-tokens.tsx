import { Alert, Button, Group, Progress, Stack, Text } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { request, segment } from "../client/request.ts";
import { saveText } from "../elements/save-text.ts";
import { csvOf } from "./csv.ts";
import { failureText } from "./failure-text.ts";
import type { LineResult } from "./import-run.ts";

interface Made {
  readonly id: string;
  readonly token: string;
  readonly failure: string;
}

/** Tokens for the imported devices: made one after the other, handed over in a file, and kept nowhere. */
export function ImportTokens({
  product,
  results,
}: {
  readonly product: string;
  readonly results: readonly LineResult[];
}) {
  const ids = results.filter(({ outcome }) => outcome === "imported" || outcome === "name_taken").map(({ id }) => id);
  const [made, setMade] = useState<readonly Made[]>([]);
  const [isRunning, setIsRunning] = useState(false);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);

  async function make(): Promise<void> {
    const controller = new AbortController();
    running.current = controller;
    setIsRunning(true);
    const known = new Set(made.map(({ id }) => id));
    for (const id of ids) {
      if (controller.signal.aborted) break;
      if (known.has(id)) continue;
      const one = await tokenFor(product, id);
      setMade((before) => [...before, one]);
    }
    setIsRunning(false);
  }

  function save(): void {
    const rows = made.map(({ id, token, failure }) => [id.toLowerCase(), token, failure]);
    saveText(`tokens-${product}.csv`, csvOf([["id", "token", "failure"], ...rows]));
  }

  if (ids.length === 0) return null;
  if (made.length === 0 && !isRunning) {
    return (
      <Group gap="xs">
        <Button variant="default" onClick={() => void make()}>
          {`Make a token for each of ${ids.length.toLocaleString()} imported devices`}
        </Button>
        <Text size="sm" c="dimmed">
          A device publishes with its token. They are shown once.
        </Text>
      </Group>
    );
  }
  const failed = made.filter(({ failure }) => failure !== "").length;
  return (
    <Alert role="group" color="yellow" variant="light" title="Save the tokens now: they are not shown again">
      <Stack gap="xs">
        <Progress value={(made.length / ids.length) * 100} aria-label="Tokens made" />
        <Text size="sm" role="status">
          <span key={String(isRunning)} {...(isRunning && { "aria-live": "off" })}>
            {made.length.toLocaleString()} of {ids.length.toLocaleString()} made
            {failed > 0 && `, ${failed.toLocaleString()} of them failed: the file says why`}
          </span>
        </Text>
        <Group gap="xs">
          <Button onClick={save} disabled={isRunning}>
            Save tokens as CSV
          </Button>
          {isRunning && (
            <Button variant="default" onClick={() => running.current?.abort()}>
              Stop
            </Button>
          )}
          {!isRunning && made.length < ids.length && (
            <Button variant="default" onClick={() => void make()}>
              Go on
            </Button>
          )}
        </Group>
      </Stack>
    </Alert>
  );
}

async function tokenFor(product: string, id: string): Promise<Made> {
  const path = `/v1/products/${segment(product)}/devices/${segment(id.toLowerCase())}/token`;
  try {
    const { token } = await request<{ token: string }>(path, { method: "POST" });
    return { id, token, failure: "" };
  } catch (error) {
    return { id, token: "", failure: failureText(error) };
  }
}
