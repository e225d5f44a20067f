import { Stack, Text, Textarea } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../../client/request.ts";
import { FailureNote } from "../../elements/failure-note.tsx";
import { Loading } from "../../elements/loaded.tsx";
import { PreviewView } from "../../integration/preview-view.tsx";
import { facesPath, type Preview } from "../integration.ts";
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
      request<Preview>(`${facesPath(product)}/integrations/preview`, {
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
        <Stack gap="xs">
          <Text size="xs" c="dimmed" className="foreign">
            {sampleInWords(preview.data.event)}
          </Text>
          <PreviewView preview={preview.data} />
        </Stack>
      )}
    </Stack>
  );
}
