import { Button, PasswordInput, Stack } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../../client/request.ts";
import { announce } from "../../elements/announcements.tsx";
import { FailureNote } from "../../elements/failure-note.tsx";
import { Section } from "../../elements/page.tsx";

/** Gives a stream another token; it tries again at once. */
export function TokenForm({ path }: { readonly path: string }) {
  const queries = useQueryClient();
  const [token, setToken] = useState("");
  const save = useMutation({
    mutationFn: () => request(path, { method: "PUT", body: { token } }),
    async onSuccess() {
      setToken("");
      announce("The source tries with the new token.");
      await queries.invalidateQueries({ queryKey: ["sources"] });
    },
  });
  return (
    <Section title="Token">
      <Stack
        component="form"
        gap="sm"
        maw={380}
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <PasswordInput
          label="Another access token"
          description="Of an API user of Particle's product with the scopes events:get, devices:list and devices:get. The present one is sealed and never shown."
          autoComplete="new-password"
          required
          value={token}
          onChange={(event) => setToken(event.currentTarget.value)}
        />
        {save.error !== null && <FailureNote failure={save.error} />}
        <div>
          <Button type="submit" loading={save.isPending}>
            Save token
          </Button>
        </div>
      </Stack>
    </Section>
  );
}
