import { Button, Group, Text } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request, segment } from "../client/request.ts";
import { announce } from "../elements/announcements.tsx";
import { ConfirmButton } from "../elements/confirm-button.tsx";
import { DataTable, type Column } from "../elements/data-table.tsx";
import { Empty } from "../elements/empty.tsx";
import { Loaded } from "../elements/loaded.tsx";
import { Section } from "../elements/page.tsx";
import { SecretOnce } from "../elements/secret-once.tsx";
import { Time } from "../elements/time.tsx";
import { ApiUserForm } from "./api-user-form.tsx";
import { apiUsersQuery, teamPath, type ApiUser } from "./api-user.ts";

/** A token that was just made, and whose. */
interface MadeToken {
  readonly name: string;
  readonly token: string;
}

/** Programs that call the API for one product: made, changed, deleted; their tokens are shown once. `product`: its slug. */
export function ApiUsers({ product }: { readonly product: string }) {
  const users = useQuery(apiUsersQuery(product));
  const queries = useQueryClient();
  const [edited, setEdited] = useState<string | null>(null);
  const [isMaking, setMaking] = useState(false);
  const [made, setMade] = useState<MadeToken | null>(null);
  const changed = (): Promise<void> => queries.invalidateQueries({ queryKey: ["products", product, "team"] });

  async function done(token: MadeToken): Promise<void> {
    setMade(token);
    setEdited(null);
    setMaking(false);
    await changed();
  }

  async function remove({ username, friendly_name: name }: ApiUser): Promise<void> {
    await request(`${teamPath(product)}/${segment(username)}`, { method: "DELETE" });
    announce(`API user ${name} deleted. Its token ended.`);
    await changed();
  }

  const columns: readonly Column<ApiUser>[] = [
    { name: "Name", cell: ({ friendly_name: name }) => <span className="foreign">{name}</span> },
    { name: "User name", cell: ({ username }) => <span className="foreign">{username}</span>, wideOnly: true },
    {
      name: "Scopes",
      cell: ({ scopes }) => (
        <Text size="sm" title={scopes.join(", ")} lineClamp={2} maw={420}>
          {scopes.join(", ")}
        </Text>
      ),
    },
    { name: "Made", cell: ({ created_at: at }) => <Time at={at} />, wideOnly: true },
    {
      name: "Actions",
      cell: (user) => (
        <Group gap="xs">
          <Button
            variant="default"
            aria-label={`Edit ${user.friendly_name}`}
            aria-expanded={edited === user.username}
            onClick={() => setEdited(edited === user.username ? null : user.username)}
          >
            Edit
          </Button>
          <ConfirmButton
            aria-label={`Delete ${user.friendly_name}`}
            title={`Delete API user ${user.friendly_name}?`}
            message="Its token ends at once. Programs that use it are refused from then on."
            confirmLabel="Delete API user"
            onConfirm={() => remove(user)}
          >
            Delete
          </ConfirmButton>
        </Group>
      ),
    },
  ];

  return (
    <Section
      title="API users"
      actions={
        <Button variant="default" aria-expanded={isMaking} onClick={() => setMaking(!isMaking)}>
          Make an API user
        </Button>
      }
    >
      <Text size="sm" c="dimmed">
        Programs that call the API for this product, each with a token that never ends and only the permissions that you
        give.
      </Text>
      {made !== null && (
        <SecretOnce what={`token of ${made.name}`} secret={made.token}>
          Programs send it as <code>Authorization: Bearer …</code>. If it is lost, edit the API user: that makes a new
          one.
        </SecretOnce>
      )}
      {isMaking && <ApiUserForm product={product} user={null} onDone={done} />}
      <Loaded query={users} lines={3}>
        {(all) =>
          all.length === 0 ? (
            <Empty title="No API user yet">
              Give each program a token of its own: one that leaks can be ended without touching the others.
            </Empty>
          ) : (
            <DataTable
              name="List of API users"
              columns={columns}
              rows={all}
              rowKey={({ username }) => username}
              expanded={(user) =>
                user.username === edited ? <ApiUserForm product={product} user={user} onDone={done} /> : null
              }
            />
          )
        }
      </Loaded>
    </Section>
  );
}
