import { Alert, Anchor, Button, Group, NativeSelect, Paper, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { useId, useState, type FormEvent } from "react";
import { Link, useSearchParams } from "wouter";
import { CodeInput } from "../elements/code-input.tsx";
import { fieldFailure } from "../client/field-failure.ts";
import { request, segment } from "../client/request.ts";
import { CodeBlock } from "../elements/code-block.tsx";
import { FailureNote } from "../elements/failure-note.tsx";
import { useProducts } from "../products/product.ts";
import { publishBody, publishCommand, publishPath, type PublishDraft } from "./publish-command.ts";

const TYPES = [
  { value: "", label: "Text" },
  { value: "application/json", label: "JSON (application/json)" },
  { value: "application/octet-stream", label: "Bytes (application/octet-stream)" },
];
const SUGGESTED = 20;

/** Publishes one event as a device or as nobody, and says what will happen with it. */
export function PublishForm({ onClose }: { readonly onClose: () => void }) {
  const [params] = useSearchParams();
  const [draft, setDraft] = useState<PublishDraft>(() => ({
    product: productIn(params.get("product")),
    device: params.get("as") ?? "",
    name: params.get("name") ?? "",
    data: params.get("data") ?? "",
    type: "",
  }));
  const products = useProducts();
  const publish = useMutation({
    mutationFn: () => request<{ id: string }>(publishPath(draft), { method: "POST", body: publishBody(draft) }),
  });
  const set = (change: Partial<PublishDraft>): void => setDraft({ ...draft, ...change });

  function submit(event: FormEvent): void {
    event.preventDefault();
    publish.mutate();
  }

  return (
    <Paper withBorder p="md" component="form" aria-label="Publish an event" onSubmit={submit}>
      <Stack gap="sm">
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
          <NativeSelect
            label="Where"
            description="The sandbox has the devices that you claimed; a product has its fleet."
            data={[
              { value: "", label: "My sandbox" },
              ...(products.data ?? []).map(({ slug, name }) => ({ value: slug, label: name })),
            ]}
            value={draft.product}
            onChange={(event) => set({ product: event.currentTarget.value, device: "" })}
          />
          <DeviceField draft={draft} onChange={(device) => set({ device })} />
          <TextInput
            label="Event name"
            description="Up to 64 characters. Integrations take events whose names begin with their own."
            placeholder="temperature"
            required
            maxLength={64}
            value={draft.name}
            error={fieldFailure(publish.error, "name")}
            onChange={(event) => set({ name: event.currentTarget.value })}
          />
          <NativeSelect
            label="Content type"
            description="What the data are."
            data={TYPES}
            value={draft.type}
            onChange={(event) => set({ type: event.currentTarget.value })}
          />
        </SimpleGrid>
        <CodeInput
          label="Data"
          description="Up to 1,024 bytes; may be left empty."
          minRows={2}
          maxRows={8}
          value={draft.data}
          error={fieldFailure(publish.error, "data")}
          onChange={(event) => set({ data: event.currentTarget.value })}
        />
        <Text size="sm" c="dimmed">
          {consequence(draft)}
        </Text>
        {publish.error !== null && fieldFailure(publish.error, "name", "data") === undefined && (
          <FailureNote failure={publish.error} />
        )}
        {publish.data !== undefined && (
          <Alert color="teal" variant="light" role="status" title="Published: it is on disk">
            <Anchor component={Link} to={`/events/${segment(publish.data.id)}`} size="sm">
              See which integrations took {publish.data.id}
            </Anchor>
          </Alert>
        )}
        <Group gap="xs">
          <Button type="submit" loading={publish.isPending} disabled={draft.name === ""}>
            Publish event
          </Button>
          <Button variant="default" onClick={onClose}>
            Close
          </Button>
        </Group>
        <CodeBlock text={publishCommand(location.origin, draft)} what="the same as a curl command" />
      </Stack>
    </Paper>
  );
}

/** The device to speak as, with suggestions from the server. */
function DeviceField({
  draft,
  onChange,
}: {
  readonly draft: PublishDraft;
  readonly onChange: (device: string) => void;
}) {
  const list = useId();
  const [q] = useDebouncedValue(draft.device, 250);
  const scope = draft.product === "" ? { sandbox: true } : { product: draft.product };
  const found = useQuery({
    queryKey: ["devices", "suggested", draft.product, q],
    queryFn: ({ signal }) =>
      request<{ devices: readonly { id: string; name: string | null }[] }>("/admin/v1/devices", {
        query: { q, ...scope, kind: "device", limit: SUGGESTED },
        signal,
      }),
    placeholderData: keepPreviousData,
  });
  return (
    <>
      <TextInput
        label="As device"
        description="Its id. Empty: as nobody."
        placeholder="24 hexadecimal digits"
        list={list}
        maxLength={24}
        autoComplete="off"
        value={draft.device}
        onChange={(event) => onChange(event.currentTarget.value.trim())}
        styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
      />
      <datalist id={list}>
        {found.data?.devices.map(({ id, name }) => (
          <option key={id} value={id}>
            {name ?? ""}
          </option>
        ))}
      </datalist>
    </>
  );
}

function consequence({ product, device }: PublishDraft): string {
  if (device !== "") {
    return "It is taken as if the device had sent it: every integration that matches delivers it in the device's own stream.";
  }
  const where = product === "" ? "your event streams" : "the product's event streams";
  return `Without a device it is stored and shows up in ${where}, and no integration takes it: a hub takes messages of devices only.`;
}

function productIn(text: string | null): string {
  return text === null || text === "sandbox" ? "" : text;
}
