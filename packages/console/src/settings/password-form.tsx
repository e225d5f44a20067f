import { Button, Checkbox, PasswordInput, Stack } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { fieldFailure } from "../client/field-failure.ts";
import { request } from "../client/request.ts";
import { announce } from "../elements/announcements.tsx";
import { FailureNote } from "../elements/failure-note.tsx";
import { Section } from "../elements/page.tsx";
import { endSession } from "../session/session.ts";

export function PasswordForm() {
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [everywhere, setEverywhere] = useState(true);
  const change = useMutation({
    mutationFn: () =>
      request("/v1/user", {
        method: "PUT",
        body: { current_password: current, password: next, invalidate_tokens: everywhere },
      }),
    onSuccess() {
      announce("The password is changed.");
      setCurrent("");
      setNext("");
      if (everywhere) endSession("signed_out");
    },
  });
  const ofField = {
    current: fieldFailure(change.error, "current_password"),
    next: fieldFailure(change.error, "password"),
  };
  const elsewhere = change.error !== null && ofField.current === undefined && ofField.next === undefined;
  return (
    <Section title="Password">
      <Stack
        component="form"
        gap="sm"
        maw={380}
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate();
        }}
      >
        <PasswordInput
          label="Current password"
          autoComplete="current-password"
          required
          value={current}
          error={ofField.current}
          onChange={(event) => setCurrent(event.currentTarget.value)}
        />
        <PasswordInput
          label="New password"
          description="10 characters at least. Length is what counts."
          autoComplete="new-password"
          required
          minLength={10}
          value={next}
          error={ofField.next}
          onChange={(event) => setNext(event.currentTarget.value)}
        />
        <Checkbox
          label="Sign out everywhere, here too"
          description="Every access token of this account ends, those of scripts and the command line with them."
          checked={everywhere}
          onChange={(event) => setEverywhere(event.currentTarget.checked)}
        />
        {elsewhere && <FailureNote failure={change.error} />}
        <div>
          <Button type="submit" loading={change.isPending}>
            Change password
          </Button>
        </div>
      </Stack>
    </Section>
  );
}
