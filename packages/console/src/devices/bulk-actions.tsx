import { Alert, Button, Group, List, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { announce } from "../elements/announcements.tsx";
import { ConfirmButton } from "../elements/confirm-button.tsx";
import { FailureNote } from "../elements/failure-note.tsx";
import { approveMany, removeMany, type BulkResult } from "./bulk-changes.ts";
import type { Approval, DeviceRow } from "./device-rows.ts";

const SHOWN_REFUSALS = 20;

/** What can be done with the selected devices, and what became of it. */
export function BulkActions({
  selected,
  onDone,
}: {
  readonly selected: readonly DeviceRow[];
  readonly onDone: () => void;
}) {
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const [refused, setRefused] = useState<readonly BulkResult[]>([]);

  async function finish(done: string, results: readonly BulkResult[]): Promise<void> {
    const refusals = results.filter(({ refusal }) => refusal !== null);
    setRefused(refusals);
    announce(`${counted(results.length - refusals.length)} ${done}`);
    onDone();
    await queries.invalidateQueries({ queryKey: ["devices"] });
  }

  async function decide(approval: Approval): Promise<void> {
    setBusy(true);
    setFailure(null);
    try {
      await finish(approval, await approveMany(selected, approval));
    } catch (error) {
      setFailure(error);
    } finally {
      setBusy(false);
    }
  }

  return (
    <>
      {selected.length > 0 && (
        <Group gap="xs" role="group" aria-label="With the selected devices">
          <Text size="sm">{counted(selected.length)} selected</Text>
          <Button variant="default" loading={busy} onClick={() => void decide("approved")}>
            Approve
          </Button>
          <Button variant="default" loading={busy} onClick={() => void decide("quarantined")}>
            Quarantine
          </Button>
          <Button variant="default" loading={busy} onClick={() => void decide("denied")}>
            Deny
          </Button>
          <ConfirmButton
            title={`Remove ${counted(selected.length)}?`}
            message={<RemovalMessage selected={selected} />}
            confirmLabel={`Remove ${counted(selected.length)}`}
            onConfirm={async () => finish("removed", await removeMany(selected))}
          >
            Remove
          </ConfirmButton>
        </Group>
      )}
      {failure !== null && <FailureNote failure={failure} />}
      {refused.length > 0 && <Refusals refused={refused} onClose={() => setRefused([])} />}
    </>
  );
}

function RemovalMessage({ selected }: { readonly selected: readonly DeviceRow[] }) {
  const things = selected.filter(({ kind }) => kind === "thing").length;
  return (
    <Text size="sm">
      They leave their product or your sandbox, and the tokens of those that nobody has claimed end.
      {things > 0 && ` ${things} of them ${things === 1 ? "is a Thing" : "are Things"}: deleted in the hub, too.`} What
      they have said stays.
    </Text>
  );
}

function Refusals({ refused, onClose }: { readonly refused: readonly BulkResult[]; readonly onClose: () => void }) {
  return (
    <Alert
      color="yellow"
      variant="light"
      title={`Not done for ${counted(refused.length)}`}
      withCloseButton
      closeButtonLabel="Dismiss"
      onClose={onClose}
    >
      <List size="sm">
        {refused.slice(0, SHOWN_REFUSALS).map(({ device, refusal }) => (
          <List.Item key={device.id} className="foreign">
            {device.name ?? device.id}: {refusal}
          </List.Item>
        ))}
      </List>
    </Alert>
  );
}

function counted(count: number): string {
  return `${count.toLocaleString()} ${count === 1 ? "device" : "devices"}`;
}
