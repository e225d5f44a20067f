import { Button, Group, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient, type UseQueryResult } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { fieldFailure } from "../client/field-failure.ts";
import { request, segment } from "../client/request.ts";
import { announce } from "../elements/announcements.tsx";
import { ConfirmButton } from "../elements/confirm-button.tsx";
import { DataTable, type Column } from "../elements/data-table.tsx";
import { Empty } from "../elements/empty.tsx";
import { FailureNote } from "../elements/failure-note.tsx";
import { Loaded } from "../elements/loaded.tsx";
import { Section } from "../elements/page.tsx";
import { Time } from "../elements/time.tsx";
import type { Product } from "./product.ts";

interface DeviceGroup {
  readonly name: string;
  readonly description: string;
  readonly device_count: number;
  readonly created_at: string;
}

function groupsPath(product: Product): string {
  return `/v1/products/${segment(product.slug)}/groups`;
}

function useGroups(product: Product): UseQueryResult<readonly DeviceGroup[]> {
  return useQuery({
    queryKey: ["products", product.slug, "groups"],
    queryFn: async ({ signal }) =>
      (await request<{ groups: readonly DeviceGroup[] }>(groupsPath(product), { signal })).groups,
  });
}

/** Groups of the product: made, described, renamed and removed. Devices are put into them on their own pages. */
export function GroupsTab({ product }: { readonly product: Product }) {
  const groups = useGroups(product);
  const [edited, setEdited] = useState<string | null>(null);
  const queries = useQueryClient();
  const changed = (): Promise<void> => queries.invalidateQueries({ queryKey: ["products", product.slug, "groups"] });

  async function remove(name: string): Promise<void> {
    await request(`${groupsPath(product)}/${segment(name)}`, { method: "DELETE" });
    announce(`Group ${name} removed.`);
    await changed();
  }

  const columns: readonly Column<DeviceGroup>[] = [
    { name: "Name", cell: ({ name }) => <span className="foreign">{name}</span> },
    {
      name: "Description",
      cell: ({ description }) => (
        <Text size="sm" className="foreign" lineClamp={2}>
          {description}
        </Text>
      ),
      wideOnly: true,
    },
    { name: "Devices", numeric: true, cell: ({ device_count: count }) => count.toLocaleString() },
    { name: "Made", cell: ({ created_at: at }) => <Time at={at} />, wideOnly: true },
    {
      name: "Actions",
      cell: ({ name, device_count: count }) => (
        <Group gap="xs">
          <Button
            variant="default"
            aria-label={`Edit group ${name}`}
            aria-expanded={edited === name}
            onClick={() => setEdited(edited === name ? null : name)}
          >
            Edit
          </Button>
          <ConfirmButton
            aria-label={`Remove group ${name}`}
            title={`Remove group ${name}?`}
            message={`Its ${count === 1 ? "device stays" : `${count.toLocaleString()} devices stay`} in the product and lose the group.`}
            confirmLabel="Remove group"
            onConfirm={() => remove(name)}
          >
            Remove
          </ConfirmButton>
        </Group>
      ),
    },
  ];

  return (
    <Section title="Groups">
      <Text size="sm" c="dimmed">
        Names for parts of the fleet, such as a site or a customer. A device is put into groups on its own page.
      </Text>
      <Loaded query={groups} lines={3}>
        {(all) =>
          all.length === 0 ? (
            <Empty title="No group yet">Make one below. Devices can be in several.</Empty>
          ) : (
            <DataTable
              name="List of groups"
              columns={columns}
              rows={all}
              rowKey={({ name }) => name}
              expanded={(group) =>
                group.name === edited ? (
                  <GroupForm
                    product={product}
                    group={group}
                    onDone={async () => {
                      setEdited(null);
                      await changed();
                    }}
                  />
                ) : null
              }
            />
          )
        }
      </Loaded>
      <Section title="Make a group">
        <GroupForm key={groups.data?.length ?? 0} product={product} group={null} onDone={changed} />
      </Section>
    </Section>
  );
}

/** `group`: `null` for a new one. */
function GroupForm({
  product,
  group,
  onDone,
}: {
  readonly product: Product;
  readonly group: DeviceGroup | null;
  readonly onDone: () => Promise<void>;
}) {
  const [name, setName] = useState(group?.name ?? "");
  const [description, setDescription] = useState(group?.description ?? "");
  const save = useMutation({
    mutationFn: () =>
      group === null
        ? request(groupsPath(product), { method: "POST", body: { name, description } })
        : request(`${groupsPath(product)}/${segment(group.name)}`, { method: "PUT", body: { name, description } }),
    onSuccess: async () => {
      announce(group === null ? `Group ${name} made.` : `Group ${name} saved.`);
      await onDone();
    },
  });

  function submit(event: FormEvent): void {
    event.preventDefault();
    save.mutate();
  }

  return (
    <Stack
      gap="sm"
      component="form"
      aria-label={group === null ? "Make a group" : `Edit ${group.name}`}
      onSubmit={submit}
    >
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
        <TextInput
          label="Name"
          description="Lower-case letters, digits, dashes and underscores."
          required
          maxLength={40}
          value={name}
          error={fieldFailure(save.error, "name")}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <TextInput
          label="Description"
          description="For people."
          maxLength={500}
          value={description}
          error={fieldFailure(save.error, "description")}
          onChange={(event) => setDescription(event.currentTarget.value)}
        />
      </SimpleGrid>
      {save.error !== null && fieldFailure(save.error, "name", "description") === undefined && (
        <FailureNote failure={save.error} />
      )}
      <div>
        <Button type="submit" loading={save.isPending} disabled={name.trim() === ""}>
          {group === null ? "Make group" : "Save group"}
        </Button>
      </div>
    </Stack>
  );
}
