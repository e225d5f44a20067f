import { Button, List, Progress as Bar, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { send } from "../client/request.ts";
import { CodeBlock } from "../elements/code-block.tsx";
import { FailureNote } from "../elements/failure-note.tsx";
import { Section } from "../elements/page.tsx";
import { megabytes } from "./megabytes.ts";
import { chooseFile, saveAnswer, type Progress } from "./save-file.ts";

type State =
  | { readonly step: "idle" | "making" }
  | { readonly step: "receiving" | "done"; readonly progress: Progress }
  | { readonly step: "failed"; readonly failure: unknown };

const RESTORE = `mkdir restored
cp isthmus-backup.db restored/isthmus.db
cp secret.key restored/secret.key
ISTHMUS_DATA=restored npx isthmus serve`;

/** A copy of all data, and how it becomes a server again. */
export function BackupSection() {
  const [state, setState] = useState<State>({ step: "idle" });

  async function download(): Promise<void> {
    const sink = await chooseFile(`isthmus-${new Date().toISOString().slice(0, 10)}.db`);
    if (sink === null) return;
    setState({ step: "making" });
    try {
      const answer = await send("/admin/v1/backup");
      let progress: Progress = { received: 0, total: null };
      await saveAnswer(answer, sink, (next) => {
        progress = next;
        setState({ step: "receiving", progress });
      });
      setState({ step: "done", progress });
    } catch (failure) {
      setState({ step: "failed", failure });
    }
  }

  const isBusy = state.step === "making" || state.step === "receiving";
  return (
    <Section title="Backup">
      <Stack gap="sm" maw={720}>
        <Text size="sm">
          One file with everything that was acknowledged before: accounts, products, devices, integrations, events and
          deliveries, states, the audit log. Events are taken and sent meanwhile.
        </Text>
        <List size="sm">
          <List.Item>
            Secrets stay sealed in it: keep <code>secret.key</code> of the data folder too, in another place.
          </List.Item>
          <List.Item>The Local Hub's own data are not in it: they are in the folder local-hub.</List.Item>
        </List>
        <div>
          <Button loading={isBusy} onClick={() => void download()}>
            Download a backup
          </Button>
        </div>
        <Status state={state} />
        <Text size="sm" c="dimmed">
          The same on the command line, for a job of every night:
        </Text>
        <CodeBlock text="npx isthmus backup isthmus-backup.db" what="the command" />
        <Text size="sm">
          To restore, put copy and key into an empty folder and start there. What was pending at the time of the copy is
          sent then, again if it was sent since.
        </Text>
        <CodeBlock text={RESTORE} what="the commands to restore" />
      </Stack>
    </Section>
  );
}

function Status({ state }: { readonly state: State }) {
  switch (state.step) {
    case "idle":
      return null;
    case "making":
      return (
        <Text size="sm" role="status">
          The server copies its database…
        </Text>
      );
    case "receiving": {
      const { received, total } = state.progress;
      const percent = total === null || total === 0 ? 100 : (received / total) * 100;
      return <Bar value={percent} aria-label="Received" size="lg" />;
    }
    case "done":
      return (
        <Text size="sm" role="status">
          Done: {megabytes(state.progress.received)} saved.
        </Text>
      );
    case "failed":
      return <FailureNote failure={state.failure} title="There is no backup" />;
  }
}
