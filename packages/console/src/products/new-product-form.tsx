import { Button, Group, Paper, SimpleGrid, Stack, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useLocation } from "wouter";
import { fieldFailure } from "../client/field-failure.ts";
import { request, segment } from "../client/request.ts";
import { FailureNote } from "../elements/failure-note.tsx";
import type { Product } from "./product.ts";

export function NewProductForm({ onClose }: { readonly onClose: () => void }) {
  const [name, setName] = useState("");
  const [slug, setSlug] = useState("");
  const [description, setDescription] = useState("");
  const [, go] = useLocation();
  const queries = useQueryClient();
  const make = useMutation({
    mutationFn: () =>
      request<{ product: Product }>("/v1/products", { method: "POST", body: { product: { name, slug, description } } }),
    onSuccess({ product }) {
      void queries.invalidateQueries({ queryKey: ["products"] });
      go(`/products/${segment(product.slug)}`);
    },
  });

  function submit(event: FormEvent): void {
    event.preventDefault();
    make.mutate();
  }

  return (
    <Paper withBorder p="md" component="form" aria-label="Make a product" onSubmit={submit}>
      <Stack gap="sm">
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
          <TextInput
            label="Name"
            description="What people call it."
            required
            maxLength={100}
            data-autofocus
            value={name}
            error={fieldFailure(make.error, "name")}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <TextInput
            label="Slug"
            description="Its name in addresses: lower-case letters, digits and dashes. Empty: made from the name."
            maxLength={63}
            value={slug}
            error={fieldFailure(make.error, "slug")}
            onChange={(event) => setSlug(event.currentTarget.value)}
          />
        </SimpleGrid>
        <TextInput
          label="Description"
          maxLength={1000}
          value={description}
          error={fieldFailure(make.error, "description")}
          onChange={(event) => setDescription(event.currentTarget.value)}
        />
        {make.error !== null && fieldFailure(make.error, "name", "slug", "description") === undefined && (
          <FailureNote failure={make.error} />
        )}
        <Group gap="xs">
          <Button type="submit" loading={make.isPending} disabled={name.trim() === ""}>
            Make product
          </Button>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
        </Group>
      </Stack>
    </Paper>
  );
}
