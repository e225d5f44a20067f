import { Button, Group, NativeSelect, Paper, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { Link } from "wouter";
import { request, segment } from "../client/request.ts";
import { JsonEditor } from "../device/json-editor.tsx";
import { typedObject } from "../device/json.ts";
import type { Product } from "../products/product.ts";
import { Empty } from "../elements/empty.tsx";
import { FailureNote } from "../elements/failure-note.tsx";
import { Section } from "../elements/page.tsx";
import { ThingKeysOnce } from "./thing-keys-once.tsx";
import type { ThingRow } from "./thing-rows.ts";

/** Makes a Thing and its device in the hub; its keys are shown where the form was. */
export function MakeThing({ products, product }: { readonly products: readonly Product[]; readonly product: string }) {
  const queries = useQueryClient();
  const [chosen, setChosen] = useState(product);
  const [name, setName] = useState("");
  const [id, setId] = useState("");
  const [state, setState] = useState("{}");
  const typed = typedObject(state);
  const slug = chosen === "" && products.length === 1 ? products[0]!.slug : chosen;
  const make = useMutation({
    mutationFn: () =>
      request<{ thing: ThingRow }>(`/admin/v1/products/${segment(slug)}/things`, {
        method: "POST",
        body: {
          ...(name.trim() !== "" && { name: name.trim() }),
          ...(id.trim() !== "" && { id: id.trim() }),
          deviceState: typed.ok ? typed.value : {},
        },
      }),
    onSuccess: () => Promise.all([invalidate("things"), invalidate("devices")]),
  });

  function invalidate(noun: string): Promise<void> {
    return queries.invalidateQueries({ queryKey: [noun] });
  }

  function submit(event: FormEvent): void {
    event.preventDefault();
    if (typed.ok) make.mutate();
  }

  function another(): void {
    make.reset();
    setName("");
    setId("");
  }

  if (products.length === 0) {
    return (
      <Empty title="There is no product yet" command={'npx isthmus products create "Buoys"'}>
        A Thing belongs to a product. Make one under <Link to="/products">Products</Link>, or in a shell:
      </Empty>
    );
  }
  const made = make.data?.thing;
  if (made !== undefined) {
    return (
      <Section title={`${made.name} is in the hub`}>
        {made.deviceDetails !== undefined && <ThingKeysOnce keys={made.deviceDetails} />}
        <Group>
          <Button variant="default" onClick={another}>
            Make another Thing
          </Button>
        </Group>
      </Section>
    );
  }
  return (
    <Paper withBorder p="md" component="section" aria-label="Make a Thing">
      <form onSubmit={submit}>
        <Stack gap="sm" maw={640}>
          <NativeSelect
            label="Product of the Thing"
            data={[
              { value: "", label: "Choose a product", disabled: true },
              ...products.map((one) => ({ value: one.slug, label: one.name })),
            ]}
            value={slug}
            required
            onChange={(event) => setChosen(event.currentTarget.value)}
          />
          <TextInput
            label="Name"
            description="May be left out."
            maxLength={128}
            value={name}
            data-autofocus
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <TextInput
            label="Id"
            description="Its id in the hub, too. One is made where it is left out."
            maxLength={128}
            value={id}
            onChange={(event) => setId(event.currentTarget.value)}
          />
          <JsonEditor
            label="First state"
            description="It becomes the desired properties of its twin."
            rows={3}
            text={state}
            onChange={setState}
          />
          {make.error !== null && <FailureNote failure={make.error} />}
          <Group gap="xs">
            <Button type="submit" loading={make.isPending} disabled={!typed.ok || slug === ""}>
              Make Thing
            </Button>
            <Text size="sm" c="dimmed">
              Its keys are shown once, right after.
            </Text>
          </Group>
        </Stack>
      </form>
    </Paper>
  );
}
