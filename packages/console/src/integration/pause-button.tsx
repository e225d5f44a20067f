import { Button } from "@mantine/core";
import { FailureNote } from "../elements/failure-note.tsx";
import type { IntegrationDetail } from "./integration.ts";
import { useChange } from "./use-change.ts";

/** Pausing loses nothing and is undone by the same button: no question is asked. */
export function PauseButton({ integration: { id, disabled } }: { readonly integration: IntegrationDetail }) {
  const change = useChange(id, disabled ? "Resumed: what waited is sent now." : "Paused: events are taken and wait.");
  return (
    <>
      {change.error !== null && <FailureNote failure={change.error} />}
      <Button variant="default" loading={change.isPending} onClick={() => change.mutate({ disabled: !disabled })}>
        {disabled ? "Resume" : "Pause"}
      </Button>
    </>
  );
}
