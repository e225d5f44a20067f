import { Button, Stack, Switch, Text, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useLocation } from "wouter";
import { fieldFailure } from "../client/field-failure.ts";
import { request, segment } from "../client/request.ts";
import { announce } from "../elements/announcements.tsx";
import { FailureNote } from "../elements/failure-note.tsx";
import { Section } from "../elements/page.tsx";
import { DeleteProduct } from "./delete-product.tsx";
import type { Product } from "./product.ts";

/** Name, slug, description and quarantine; and the end of the product. */
export function SettingsTab({ product }: { readonly product: Product }) {
  return (
    <>
      <Section title="Settings">
        <SettingsForm key={JSON.stringify(product)} product={product} />
      </Section>
      <Section title="Delete the product">
        <DeleteProduct product={product} />
      </Section>
    </>
  );
}

function SettingsForm({ product }: { readonly product: Product }) {
  const [name, setName] = useState(product.name);
  const [slug, setSlug] = useState(product.slug);
  const [description, setDescription] = useState(product.description);
  const [quarantine, setQuarantine] = useState(product.settings.quarantine);
  const [, go] = useLocation();
  const queries = useQueryClient();
  const save = useMutation({
    mutationFn: () =>
      request<{ product: Product }>(`/v1/products/${product.id}`, {
        method: "PUT",
        body: { product: { name, slug, description, settings: { quarantine } } },
      }),
    async onSuccess({ product: saved }) {
      announce("Product saved.");
      queries.setQueryData(["products", "one", saved.slug], saved);
      if (saved.slug !== product.slug) go(`/products/${segment(saved.slug)}/settings`, { replace: true });
      await queries.invalidateQueries({ queryKey: ["products"] });
    },
  });
  const isChanged =
    name !== product.name ||
    slug !== product.slug ||
    description !== product.description ||
    quarantine !== product.settings.quarantine;

  function submit(event: FormEvent): void {
    event.preventDefault();
    save.mutate();
  }

  return (
    <Stack gap="sm" component="form" aria-label="Settings of the product" maw={560} onSubmit={submit}>
      <TextInput
        label="Name"
        required
        maxLength={100}
        value={name}
        error={fieldFailure(save.error, "name")}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <TextInput
        label="Slug"
        description="Its name in addresses. Changing it breaks programs that use it; the number stays."
        required
        maxLength={63}
        value={slug}
        error={fieldFailure(save.error, "slug")}
        onChange={(event) => setSlug(event.currentTarget.value)}
      />
      <Textarea
        label="Description"
        autosize
        minRows={2}
        maxLength={1000}
        value={description}
        error={fieldFailure(save.error, "description")}
        onChange={(event) => setDescription(event.currentTarget.value)}
      />
      <Switch
        label="Quarantine devices that appear by themselves"
        description="Their events trigger no integration until you approve them. Those that you add are approved at once."
        checked={quarantine}
        onChange={(event) => setQuarantine(event.currentTarget.checked)}
      />
      {save.error !== null && fieldFailure(save.error, "name", "slug", "description") === undefined && (
        <FailureNote failure={save.error} />
      )}
      <div>
        <Button type="submit" loading={save.isPending} disabled={!isChanged || name.trim() === "" || slug === ""}>
          Save settings
        </Button>
        {isChanged && (
          <Text span size="sm" c="dimmed" ml="sm">
            Not saved yet.
          </Text>
        )}
      </div>
    </Stack>
  );
}
