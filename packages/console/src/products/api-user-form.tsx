import { Button, Checkbox, Fieldset, Group, Paper, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { fieldFailure } from "../client/field-failure.ts";
import { request, segment } from "../client/request.ts";
import { FailureNote } from "../elements/failure-note.tsx";
import { teamPath, type ApiUser } from "./api-user.ts";
import { PRESETS, SCOPE_GROUPS } from "./scopes.ts";

interface Answer {
  readonly created?: WithToken;
  readonly updated?: WithToken;
}
interface WithToken extends ApiUser {
  readonly tokens: readonly [{ readonly token: string }];
}

/** Makes an API user, or changes `user`. Either makes a token, which is handed to `onDone`. */
export function ApiUserForm({
  product,
  user,
  onDone,
}: {
  readonly product: string;
  readonly user: ApiUser | null;
  readonly onDone: (made: { readonly name: string; readonly token: string }) => Promise<void>;
}) {
  const [name, setName] = useState(user?.friendly_name ?? "");
  const [scopes, setScopes] = useState<readonly string[]>(user?.scopes ?? ["events:get"]);
  const save = useMutation({
    mutationFn: () => {
      const body = { friendly_name: name, scopes };
      return user === null
        ? request<Answer>(teamPath(product), { method: "POST", body })
        : request<Answer>(`${teamPath(product)}/${segment(user.username)}`, { method: "PUT", body });
    },
    onSuccess: async ({ created, updated }) => {
      const token = (created ?? updated)?.tokens[0].token;
      if (token !== undefined) await onDone({ name, token });
    },
  });

  function submit(event: FormEvent): void {
    event.preventDefault();
    save.mutate();
  }

  return (
    <Paper
      withBorder
      p="md"
      component="form"
      aria-label={user === null ? "Make an API user" : `Edit ${user.friendly_name}`}
      onSubmit={submit}
    >
      <Stack gap="sm">
        <TextInput
          label="Name"
          description="What the program is, for people."
          placeholder="Nightly report"
          required
          maxLength={100}
          maw={420}
          value={name}
          error={fieldFailure(save.error, "friendly_name")}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Group gap="xs" role="group" aria-label="Permissions at once">
          {PRESETS.map((preset) => (
            <Button key={preset.title} variant="default" size="compact-xs" onClick={() => setScopes(preset.scopes)}>
              {preset.title}
            </Button>
          ))}
        </Group>
        <Checkbox.Group value={[...scopes]} onChange={setScopes} aria-label="Permissions">
          <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="sm">
            {SCOPE_GROUPS.map((group) => (
              <Fieldset key={group.title} legend={group.title} p="xs">
                <Stack gap={6}>
                  {group.scopes.map(([scope, words]) => (
                    <Checkbox key={scope} size="xs" value={scope} label={words} title={scope} />
                  ))}
                </Stack>
              </Fieldset>
            ))}
          </SimpleGrid>
        </Checkbox.Group>
        {save.error !== null && fieldFailure(save.error, "friendly_name") === undefined && (
          <FailureNote failure={save.error} />
        )}
        <Group gap="sm">
          <Button type="submit" loading={save.isPending} disabled={name.trim() === "" || scopes.length === 0}>
            {user === null ? "Make API user" : "Save and make a new token"}
          </Button>
          {user !== null && (
            <Text size="sm" c="dimmed">
              The present token ends when you save: its program needs the new one.
            </Text>
          )}
        </Group>
      </Stack>
    </Paper>
  );
}
