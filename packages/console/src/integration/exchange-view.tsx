import { Group, Stack, Text } from "@mantine/core";
import { CodeBlock } from "../elements/code-block.tsx";
import { CopyButton } from "../elements/copy-button.tsx";
import { curlOf } from "./curl.ts";

export interface ShownExchange {
  readonly request: string | null;
  readonly response: string | null;
  readonly status: string | null;
  readonly duration_ms: number | null;
}

/** What was sent and what came back, word by word, secrets masked. */
export function ExchangeView({ exchange, target }: { readonly exchange: ShownExchange; readonly target: string }) {
  const { request, response, status, duration_ms: took } = exchange;
  if (request === null) {
    return (
      <Text size="xs" c="dimmed">
        Nothing was sent, or it is no longer kept: exchanges are kept of the newest tries only.
      </Text>
    );
  }
  const curl = curlOf(request, target);
  return (
    <Stack gap={6}>
      <Group justify="space-between" gap="xs">
        <Text size="xs" c="dimmed">
          Request
        </Text>
        {curl !== null && (
          <Group gap={6}>
            <Text size="xs" c="dimmed">
              as curl
            </Text>
            <CopyButton text={curl} what="the request as curl" />
          </Group>
        )}
      </Group>
      <CodeBlock text={request} what="the request" maxHeight={220} />
      <Text size="xs" c="dimmed">
        Answer{status !== null && ` ${status}`}
        {took !== null && `, after ${took} ms`}
      </Text>
      <CodeBlock text={response ?? "none"} what="the answer" maxHeight={220} />
    </Stack>
  );
}
