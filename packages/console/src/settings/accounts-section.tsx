import { Button, Checkbox, Group, Stack, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { fieldFailure } from "../client/field-failure.ts";
import { request, segment } from "../client/request.ts";
import { ConfirmButton } from "../elements/confirm-button.tsx";
import { DataTable, type Column } from "../elements/data-table.tsx";
import { FailureNote } from "../elements/failure-note.tsx";
import { Loaded } from "../elements/loaded.tsx";
import { Section } from "../elements/page.tsx";
import { SecretOnce } from "../elements/secret-once.tsx";
import { Time } from "../elements/time.tsx";
import { useAbout } from "./about.ts";

interface Account {
  readonly id: string;
  readonly username: string;
  readonly operator: boolean;
  readonly created_at: string;
}
interface WithPassword {
  readonly account: Account;
  readonly password: string;
}

const KEY = ["accounts"];

/** For the operator: who may sign in. */
export function AccountsSection() {
  const queries = useQueryClient();
  const [shown, setShown] = useState<WithPassword | null>(null);
  const accounts = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => request<{ accounts: Account[] }>("/admin/v1/accounts", { signal }),
  });
  const own = useAbout().data?.username;
  const changed = async (): Promise<void> => queries.invalidateQueries({ queryKey: KEY });

  async function reset({ username }: Account): Promise<void> {
    setShown(await request<WithPassword>(`/admin/v1/accounts/${segment(username)}`, { method: "PUT", body: {} }));
  }
  async function remove({ username }: Account): Promise<void> {
    await request(`/admin/v1/accounts/${segment(username)}`, { method: "DELETE" });
    await changed();
  }

  const columns: readonly Column<Account>[] = [
    { name: "Username", cell: ({ username }) => <span className="foreign">{username}</span> },
    { name: "Role", cell: ({ operator }) => (operator ? "operator" : "account") },
    { name: "Made", cell: ({ created_at }) => <Time at={created_at} />, wideOnly: true },
    {
      name: "Actions",
      cell: (account) =>
        account.username === own ? (
          "you"
        ) : (
          <Group gap="xs">
            <ConfirmButton
              size="compact-xs"
              title={`Give ${account.username} a new password?`}
              message="All its sign-ins end. The new password is shown once, for you to hand over."
              onConfirm={() => reset(account)}
            >
              Reset password
            </ConfirmButton>
            <ConfirmButton
              size="compact-xs"
              title={`Delete ${account.username}?`}
              message="It cannot sign in any more. An account that has devices, products or integrations is not deleted."
              onConfirm={() => remove(account)}
            >
              Delete
            </ConfirmButton>
          </Group>
        ),
    },
  ];

  return (
    <Stack gap="lg">
      {shown !== null && (
        <SecretOnce what={`password of ${shown.account.username}`} secret={shown.password}>
          It signs in with it here and with <code>POST /oauth/token</code>, and may change it under Settings, Account.
        </SecretOnce>
      )}
      <Section title="Accounts of this server">
        <Loaded query={accounts}>
          {(answer) => <DataTable name="Accounts" columns={columns} rows={answer.accounts} rowKey={({ id }) => id} />}
        </Loaded>
      </Section>
      <NewAccount
        onMade={async (made) => {
          setShown(made);
          await changed();
        }}
      />
    </Stack>
  );
}

function NewAccount({ onMade }: { readonly onMade: (made: WithPassword) => Promise<void> }) {
  const [username, setUsername] = useState("");
  const [operator, setOperator] = useState(false);
  const make = useMutation({
    mutationFn: () =>
      request<WithPassword>("/admin/v1/accounts", { method: "POST", body: { username: username.trim(), operator } }),
    async onSuccess(made) {
      setUsername("");
      setOperator(false);
      await onMade(made);
    },
  });
  const ofName = fieldFailure(make.error, "username");
  return (
    <Section title="A new account">
      <Stack
        component="form"
        gap="sm"
        maw={380}
        onSubmit={(event) => {
          event.preventDefault();
          make.mutate();
        }}
      >
        <TextInput
          label="Username"
          description="An e-mail address, for example. Its password is made here and shown once."
          required
          maxLength={128}
          value={username}
          error={ofName}
          onChange={(event) => setUsername(event.currentTarget.value)}
        />
        <Checkbox
          label="An operator"
          description="Runs the server: makes accounts, copies all data, changes the key of the secrets."
          checked={operator}
          onChange={(event) => setOperator(event.currentTarget.checked)}
        />
        {make.error !== null && ofName === undefined && <FailureNote failure={make.error} />}
        <div>
          <Button type="submit" loading={make.isPending}>
            Make account
          </Button>
        </div>
      </Stack>
    </Section>
  );
}
