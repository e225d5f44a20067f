import { Paper, Stack, Text } from "@mantine/core";
import { CodeBlock } from "../elements/code-block.tsx";
import { Loaded } from "../elements/loaded.tsx";
import { Section } from "../elements/page.tsx";
import { Time } from "../elements/time.tsx";
import { useInHub, type InHub, type TwinChange } from "./hub-device.ts";
import { written } from "./json.ts";

const AUTHORS: Readonly<Record<TwinChange["by"]["kind"], string>> = {
  account: "",
  bridge: "Isthmus",
  device: "the device",
  hub: "somebody else, in the hub",
};

/** What became of the twin, as far as it was seen here. */
export function TwinHistory({ at }: { readonly at: InHub }) {
  const query = useInHub<{ readonly changes: readonly TwinChange[] }>(at, "twin/history");
  return (
    <Section title="History">
      <Text size="sm" c="dimmed">
        A hub keeps the present alone. Here are the newest changes of 30 days that Isthmus wrote or saw, as merge
        patches: null removes.
      </Text>
      <Loaded query={query}>
        {({ changes }) =>
          changes.length === 0 ? (
            <Text size="sm">None yet.</Text>
          ) : (
            <Stack gap="xs">
              {changes.map((change) => (
                <Change key={change.id} change={change} />
              ))}
            </Stack>
          )
        }
      </Loaded>
    </Section>
  );
}

function Change({ change }: { readonly change: TwinChange }) {
  const { at, by, section, patch, version } = change;
  return (
    <Paper withBorder p="xs">
      <Text size="sm" className="foreign" component="div">
        <b>{section}</b>
        {version !== null && ` version ${version.toLocaleString()}`} by {authorOf(by)}, <Time at={at} />
      </Text>
      {patch === null ? (
        <Text size="sm" c="dimmed">
          The change was too long to be kept.
        </Text>
      ) : (
        <CodeBlock text={written(patch)} what={`the change of ${section} at ${at}`} maxHeight={180} />
      )}
    </Paper>
  );
}

function authorOf({ kind, name }: TwinChange["by"]): string {
  const who = AUTHORS[kind];
  if (who === "") return name ?? "an account";
  return name === null ? who : `${who} (${name})`;
}
