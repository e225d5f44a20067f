import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { ApiFailure } from "../client/failure.ts";
import { request } from "../client/request.ts";
import { FailureNote } from "../elements/failure-note.tsx";
import { Section } from "../elements/page.tsx";
import { DifferenceList } from "./difference-list.tsx";
import { pathOf, useDoInHub, type InHub, type Twin } from "./hub-device.ts";
import { JsonEditor } from "./json-editor.tsx";
import {
  applyPatch,
  differences,
  patchBetween,
  typedObject,
  written,
  type Difference,
  type JsonObject,
} from "./json.ts";

interface TwinWrite {
  readonly tags?: JsonObject;
  readonly desired?: JsonObject;
  readonly etag: string;
}

/**
 * Tags and desired properties as text. What would change is shown before it is written; what somebody else wrote meanwhile is
 * shown too, and the edit goes on top of it.
 */
export function TwinEditor({
  at,
  base,
  onEdited,
}: {
  readonly at: InHub;
  readonly base: Twin;
  /** While it is, `base` stays as it is. */
  readonly onEdited: (isEdited: boolean) => void;
}) {
  const [tags, setTags] = useState(() => written(base.tags));
  const [desired, setDesired] = useState(() => written(base.desired.properties));
  /** The twin as it is by now, when it is another one than the edit began with. */
  const [theirs, setTheirs] = useState<Twin | null>(null);
  const ground = theirs ?? base;
  const edit = editOf(tags, desired, ground);
  const count = edit?.changes.length ?? 0;
  const isEdited = edit === null || count > 0;
  useEffect(() => onEdited(isEdited), [isEdited, onEdited]);
  const queries = useQueryClient();
  const save = useDoInHub<Twin, TwinWrite>(at, "twin", { method: "PATCH", said: "The twin is written." });

  async function write(): Promise<void> {
    if (edit === null) return;
    try {
      await save.mutateAsync({ ...edit.patch, etag: ground.etag });
      onEdited(false);
    } catch (error) {
      if (!(error instanceof ApiFailure) || error.code !== "twin_changed") return;
      const now = await request<Twin>(pathOf(at, "twin"));
      await queries.invalidateQueries({ queryKey: ["devices", at.deviceId, "hubs"] });
      setTags(written(applyPatch(now.tags, edit.patch.tags ?? {})));
      setDesired(written(applyPatch(now.desired.properties, edit.patch.desired ?? {})));
      setTheirs(now);
    }
  }

  function discard(): void {
    setTags(written(ground.tags));
    setDesired(written(ground.desired.properties));
    save.reset();
    setTheirs(null);
    onEdited(false);
  }

  const isOvertaken = save.error instanceof ApiFailure && save.error.code === "twin_changed";
  return (
    <Section title="Tags and desired properties">
      <Stack gap="sm">
        <JsonEditor
          label="Tags"
          description="For services and queries; the device does not see them."
          text={tags}
          rows={4}
          onChange={setTags}
        />
        <JsonEditor
          label="Desired properties"
          description="What the device shall be like; it is told at once when it is connected."
          text={desired}
          onChange={setDesired}
        />
        {theirs !== null && <Overtaken before={base} now={theirs} />}
        {count > 0 && edit !== null && <DifferenceList name="What will change" all={edit.changes} />}
        {save.error !== null && !isOvertaken && <FailureNote failure={save.error} />}
        <Group>
          <Button disabled={count === 0} loading={save.isPending} onClick={() => void write()}>
            {count === 0 ? "Write to the hub" : `Write ${count} ${count === 1 ? "change" : "changes"} to the hub`}
          </Button>
          {isEdited && (
            <Button variant="default" onClick={discard}>
              Discard the edit
            </Button>
          )}
        </Group>
      </Stack>
    </Section>
  );
}

function Overtaken({ before, now }: { readonly before: Twin; readonly now: Twin }) {
  const changes = changesOf(before, now.tags, now.desired.properties);
  return (
    <Alert
      color="yellow"
      variant="light"
      title="Somebody else changed the twin meanwhile; nothing was written"
      role="alert"
    >
      <Stack gap="xs">
        {changes.length > 0 ? (
          <DifferenceList name="What changed meanwhile" all={changes} />
        ) : (
          <Text size="sm">Only what the device reported has changed.</Text>
        )}
        <Text size="sm">
          Your edit now stands on top of it: where both changed the same, yours wins when you write it.
        </Text>
      </Stack>
    </Alert>
  );
}

/** `null`: what is typed is no JSON yet. */
function editOf(
  tagsText: string,
  desiredText: string,
  ground: Twin,
): { readonly patch: Omit<TwinWrite, "etag">; readonly changes: readonly Difference[] } | null {
  const [tags, desired] = [typedObject(tagsText), typedObject(desiredText)];
  if (!tags.ok || !desired.ok) return null;
  const ofTags = patchBetween(ground.tags, tags.value);
  const ofDesired = patchBetween(ground.desired.properties, desired.value);
  return {
    patch: {
      ...(Object.keys(ofTags).length > 0 && { tags: ofTags }),
      ...(Object.keys(ofDesired).length > 0 && { desired: ofDesired }),
    },
    changes: changesOf(ground, tags.value, desired.value),
  };
}

function changesOf(before: Twin, tags: JsonObject, desired: JsonObject): readonly Difference[] {
  const under = (section: string, all: readonly Difference[]): readonly Difference[] =>
    all.map((difference) => ({ ...difference, path: `${section}.${difference.path}` }));
  return [
    ...under("tags", differences(before.tags, tags)),
    ...under("desired", differences(before.desired.properties, desired)),
  ];
}
