import { Anchor, Button, Group, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { request, segment } from "../client/request.ts";
import { announce } from "../elements/announcements.tsx";
import { CodeBlock } from "../elements/code-block.tsx";
import { ConfirmButton } from "../elements/confirm-button.tsx";
import { FailureNote } from "../elements/failure-note.tsx";
import { MissingInHub } from "../devices/missing-in-hub.tsx";
import { ThingKeysOnce } from "./thing-keys-once.tsx";
import { thingPath, type ThingKeys, type ThingRow } from "./thing-rows.ts";

/** What can be done with one Thing: let it in or not, new keys, its state, its end. */
export function ThingDetail({ thing }: { readonly thing: ThingRow }) {
  const queries = useQueryClient();
  const [keys, setKeys] = useState<ThingKeys | null>(null);
  const { status, sync, error } = thing.deviceStatus;
  const path = thingPath(thing.id);
  const refresh = (): Promise<void> => queries.invalidateQueries({ queryKey: ["things"] });
  const setStatus = useMutation({
    mutationFn: (next: "enabled" | "disabled") => request(`${path}/status`, { method: "PUT", body: { status: next } }),
    onSuccess: refresh,
  });

  async function renew(key: "primary" | "secondary"): Promise<void> {
    const answer = await request<{ thing: ThingRow }>(`${path}/keys`, { method: "POST", body: { key } });
    setKeys(answer.thing.deviceDetails ?? null);
  }

  async function remove(): Promise<void> {
    await request(path, { method: "DELETE" });
    announce("Thing deleted, in the hub too");
    await Promise.all([refresh(), queries.invalidateQueries({ queryKey: ["devices"] })]);
  }

  return (
    <Stack gap="sm" p="xs">
      {sync === "missing_in_hub" && <MissingInHub />}
      {error !== undefined && <FailureNote failure={error} title="The hub does not take its state" />}
      <Group gap="xs">
        <Button
          variant="default"
          loading={setStatus.isPending}
          onClick={() => setStatus.mutate(status === "enabled" ? "disabled" : "enabled")}
        >
          {status === "enabled" ? "Disable in the hub" : "Enable in the hub"}
        </Button>
        {(["primary", "secondary"] as const).map((key) => (
          <ConfirmButton
            key={key}
            title={`Make a new ${key} key?`}
            message={`Whoever signs in with the former ${key} key is refused from then on. The other key stays good.`}
            confirmLabel={`Make new ${key} key`}
            onConfirm={() => renew(key)}
          >
            {`New ${key} key`}
          </ConfirmButton>
        ))}
        <ConfirmButton
          title={`Delete ${thing.name}?`}
          message="It is deleted here and in its hub, with its state. Its keys are worth nothing from then on."
          confirmLabel="Delete Thing"
          onConfirm={remove}
        >
          Delete
        </ConfirmButton>
        <Anchor component={Link} to={`/devices/${segment(thing.id)}/state`} size="sm">
          State and twin
        </Anchor>
      </Group>
      {setStatus.error !== null && <FailureNote failure={setStatus.error} />}
      {keys !== null && <ThingKeysOnce keys={keys} />}
      <div>
        <Text size="xs" c="dimmed">
          State
        </Text>
        <CodeBlock
          text={JSON.stringify(thing.deviceState, null, 2)}
          what={`the state of ${thing.name}`}
          maxHeight={240}
        />
      </div>
    </Stack>
  );
}
