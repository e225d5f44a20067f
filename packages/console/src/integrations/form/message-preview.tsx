import { Alert, Group, Stack, Text, Textarea } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../../client/request.ts";
import { CodeBlock } from "../../elements/code-block.tsx";
import { FailureNote } from "../../elements/failure-note.tsx";
import { Loading } from "../../elements/loaded.tsx";
import { facesPath, type PreviewAnswer } from "../integration.ts";
import { sampleInWords } from "./sample-words.ts";

/** The message (or a webhook's request) that the settings make, of the last event that fits or of data typed here. Nothing is sent. */
export function MessagePreview({
  product,
  fields,
}: {
  /** A slug or number; `null`: the sandbox. */
  readonly product: string | null;
  /** As `messageFields` makes them, or the fields of a webhook. With `id`, changes of a stored integration. */
  readonly fields: Readonly<Record<string, unknown>>;
}) {
  const [data, setData] = useState("");
  const asked = JSON.stringify({ ...fields, ...(data !== "" && { data }) });
  const [settled] = useDebouncedValue(asked, 350);
  const preview = useQuery({
    queryKey: ["integrations", "preview", product, settled],
    queryFn: ({ signal }) =>
      request<PreviewAnswer>(`${facesPath(product)}/integrations/preview`, {
        method: "POST",
        body: JSON.parse(settled) as unknown,
        signal,
      }),
    placeholderData: keepPreviousData,
    retry: false,
    gcTime: 10_000,
  });
  return (
    <Stack gap="sm">
      <Textarea
        label="Try it with these data"
        description="Empty: the last event that fits, or a made-up one."
        placeholder='{"t":21.5}'
        autosize
        maxRows={6}
        spellCheck={false}
        value={data}
        onChange={({ currentTarget }) => setData(currentTarget.value)}
      />
      {preview.error !== null ? (
        <FailureNote failure={preview.error} />
      ) : preview.data === undefined ? (
        <Loading lines={4} />
      ) : (
        <Shown answer={preview.data} />
      )}
    </Stack>
  );
}

function Shown({ answer }: { readonly answer: PreviewAnswer }) {
  const { event, message, request: sent, device_id: deviceId } = answer;
  return (
    <Stack gap="xs">
      <Text size="xs" c="dimmed" className="foreign">
        {sampleInWords(event)}
      </Text>
      {!answer.pass && (
        <FailureNote failure={{ code: "", message: answer.error ?? "", next_step: answer.next_step ?? null }} />
      )}
      {message && (
        <>
          <CodeBlock text={bodyText(message)} what="the body" maxHeight={260} />
          <Facts
            facts={{
              ...(deviceId !== undefined && { "device in the hub": deviceId }),
              "content type": `${message.content_type}; ${message.content_encoding}`,
              ...message.properties,
              size: `${message.size} bytes, counts as ${message.metered} ${message.metered === 1 ? "message" : "messages"}`,
            }}
          />
        </>
      )}
      {sent && (
        <>
          <CodeBlock
            text={`${sent.method} ${sent.url}\n${headerLines(sent.headers)}\n\n${sent.body ?? ""}`}
            what="the request"
          />
        </>
      )}
      {(answer.warnings ?? []).map((warning) => (
        <Alert key={warning.code + warning.message} color="yellow" variant="light" p="xs">
          <Text size="sm" className="foreign">
            {warning.message}
          </Text>
        </Alert>
      ))}
    </Stack>
  );
}

function Facts({ facts }: { readonly facts: Readonly<Record<string, string>> }) {
  return (
    <Stack component="dl" gap={2} m={0}>
      {Object.entries(facts)
        .filter(([, value]) => value !== "")
        .map(([name, value]) => (
          <Group key={name} gap="xs" wrap="nowrap" align="baseline">
            <Text component="dt" size="xs" c="dimmed" className="foreign" w={120} style={{ flex: "none" }}>
              {name}
            </Text>
            <Text component="dd" size="xs" m={0} className="foreign">
              {value}
            </Text>
          </Group>
        ))}
    </Stack>
  );
}

/** Spread over lines where that changes nothing else of it. */
function bodyText({ body, json }: { readonly body: string; readonly json?: unknown }): string {
  return JSON.stringify(json) === body ? JSON.stringify(json, null, 2) : body;
}

function headerLines(headers: Readonly<Record<string, string>>): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join("\n");
}
