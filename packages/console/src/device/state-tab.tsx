import { Button, Group, SimpleGrid, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient, type UseQueryResult } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../client/request.ts";
import type { DeviceRow, Sync } from "../devices/device-rows.ts";
import { MissingInHub } from "../devices/missing-in-hub.tsx";
import { SyncBadge } from "../devices/device-words.tsx";
import { announce } from "../elements/announcements.tsx";
import { CodeBlock } from "../elements/code-block.tsx";
import { Facts, Fact } from "../elements/facts.tsx";
import { FailureNote, type ToldFailure } from "../elements/failure-note.tsx";
import { Loaded } from "../elements/loaded.tsx";
import { Section } from "../elements/page.tsx";
import { Time } from "../elements/time.tsx";
import { ConflictList } from "./conflict-list.tsx";
import { DifferenceList } from "./difference-list.tsx";
import { JsonEditor } from "./json-editor.tsx";
import { statePath } from "./state-path.ts";
import { differences, patchBetween, typedObject, written, type JsonObject } from "./json.ts";

interface StateSection {
  readonly properties: JsonObject;
  readonly version: number;
}

interface DeviceState {
  readonly state: JsonObject;
  readonly desired: StateSection;
  readonly reported: StateSection;
  readonly pending: {
    readonly desired: JsonObject | null;
    readonly reported: JsonObject | null;
    readonly message: boolean;
  };
  readonly sync: Sync;
  readonly waiting_since: string | null;
  readonly error: (ToldFailure & { readonly attempts: number; readonly retry_at: string | null }) | null;
  readonly hub: { readonly status: "enabled" | "disabled" } | null;
  readonly conflicts: number;
  readonly changed_at: string | null;
}

/** The device's state both ways: what it is, what goes to the twin, what came from it. */
export function StateTab({ device }: { readonly device: DeviceRow }) {
  const query = useDeviceState(device.id);
  return <Loaded query={query}>{(state) => <ShownState id={device.id} state={state} />}</Loaded>;
}

function useDeviceState(id: string): UseQueryResult<DeviceState> {
  return useQuery({
    queryKey: ["devices", id, "state"],
    queryFn: ({ signal }) => request<DeviceState>(statePath(id), { signal }),
    refetchInterval: 5_000,
  });
}

function ShownState({ id, state }: { readonly id: string; readonly state: DeviceState }) {
  return (
    <Stack gap="lg">
      <Section title="State and hub" actions={<CompareButton id={id} />}>
        <Facts>
          <Fact name="Sync">
            <SyncBadge sync={state.sync} status={state.hub?.status ?? "enabled"} />
          </Fact>
          {state.waiting_since !== null && (
            <Fact name="Waiting since">
              <Time at={state.waiting_since} />
            </Fact>
          )}
          <Fact name="Changed">
            <Time at={state.changed_at} />
          </Fact>
        </Facts>
        {state.sync === "missing_in_hub" && <MissingInHub />}
        {state.error !== null && (
          <>
            <FailureNote
              failure={state.error}
              title={`The hub does not take the ${isMessageAlone(state.pending) ? "message" : "state"}`}
            />
            <Tries error={state.error} />
          </>
        )}
      </Section>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
        <StateEditor id={id} state={state.state} />
        <Sections state={state} />
      </SimpleGrid>
      <ConflictList id={id} count={state.conflicts} />
    </Stack>
  );
}

/** Trouble of the hub as a whole uses up no tries of a device. */
function Tries({ error: { attempts, retry_at: at } }: { readonly error: NonNullable<DeviceState["error"]> }) {
  return (
    <Text size="sm" c="dimmed" component="div">
      {attempts === 0 ? (
        "What waits is written as soon as the hub takes it."
      ) : (
        <>
          Tried {attempts === 1 ? "once" : `${attempts.toLocaleString()} times`}; again <Time at={at} />.
        </>
      )}
    </Text>
  );
}

/** All is in the twin; only the message that says so to the device as well is not on its way. */
function isMessageAlone({ desired, reported, message }: DeviceState["pending"]): boolean {
  return message && desired === null && reported === null;
}

function Sections({ state }: { readonly state: DeviceState }) {
  const parts: readonly (readonly [string, JsonObject | null])[] = [
    [`Desired in the hub (version ${state.desired.version})`, state.desired.properties],
    [`Reported by the device (version ${state.reported.version})`, state.reported.properties],
    ["Waits to be written to desired", state.pending.desired],
    ["Waits to be written to reported", state.pending.reported],
  ];
  return (
    <Stack gap="sm">
      {parts.map(([name, value]) =>
        value === null ? null : (
          <div key={name}>
            <Text size="sm" fw={600}>
              {name}
            </Text>
            <CodeBlock text={written(value)} what={name} maxHeight={240} />
          </div>
        ),
      )}
    </Stack>
  );
}

/** An edit goes on top of what the state is by then; what others write meanwhile does not take it away. */
function StateEditor({ id, state }: { readonly id: string; readonly state: JsonObject }) {
  const [edit, setEdit] = useState<{ readonly base: JsonObject; readonly text: string } | null>(null);
  const queries = useQueryClient();
  const save = useMutation({
    mutationFn: (patch: JsonObject) => request(statePath(id), { method: "PATCH", body: { state: patch } }),
    onSuccess: async () => {
      announce("The state is written.");
      await queries.invalidateQueries({ queryKey: ["devices", id] });
      setEdit(null);
    },
  });
  const base = edit?.base ?? state;
  const text = edit?.text ?? written(state);
  const typed = typedObject(text);
  const changes = typed.ok ? differences(base, typed.value) : [];
  return (
    <Section title="State">
      <JsonEditor
        label="What the device is like, and shall be like"
        description="What you change goes to the hub as desired properties, and to the device."
        text={text}
        onChange={(next) => setEdit({ base, text: next })}
        rows={10}
      />
      {changes.length > 0 && <DifferenceList name="What will change" all={changes} />}
      {save.error !== null && <FailureNote failure={save.error} />}
      <Group>
        <Button
          disabled={changes.length === 0}
          loading={save.isPending}
          onClick={() => typed.ok && save.mutate(patchBetween(base, typed.value))}
        >
          Write the state
        </Button>
        {edit !== null && (
          <Button variant="default" onClick={() => setEdit(null)}>
            Discard the edit
          </Button>
        )}
      </Group>
    </Section>
  );
}

function CompareButton({ id }: { readonly id: string }) {
  const queries = useQueryClient();
  const compare = useMutation({
    mutationFn: () => request(`${statePath(id)}/compare`, { method: "POST" }),
    onSuccess: async () => {
      announce("Compared with the hub; both sides are repaired where they differed.");
      await queries.invalidateQueries({ queryKey: ["devices", id] });
    },
  });
  return (
    <>
      <Button variant="default" loading={compare.isPending} onClick={() => compare.mutate()}>
        Compare with the hub now
      </Button>
      {compare.error !== null && <FailureNote failure={compare.error} />}
    </>
  );
}
