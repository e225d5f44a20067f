import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState } from "react";
import { FailureNote } from "../elements/failure-note.tsx";
import { useDiscard, type Selection } from "./failures.ts";
import { counted } from "./state-in-words.ts";

/** Gives deliveries up for good: asks why, because the reason stays with them. */
export function DiscardButton({
  id,
  which,
  count,
  label,
  onDone,
}: {
  readonly id: string;
  readonly which: Selection;
  readonly count: number;
  readonly label: string;
  readonly onDone?: () => void;
}) {
  const [opened, { open, close }] = useDisclosure(false);
  const [reason, setReason] = useState("");
  const discard = useDiscard(id);

  function send(): void {
    discard.mutate(
      { which, reason },
      {
        onSuccess: () => {
          close();
          setReason("");
          onDone?.();
        },
      },
    );
  }

  return (
    <>
      <Button variant="default" onClick={open}>
        {label}
      </Button>
      <Modal opened={opened} onClose={close} title={`Discard ${counted(count, "event")}`}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            send();
          }}
        >
          <Stack>
            <Text size="sm">
              They are never sent. They stay in the list as expired, with your reason, until they are forgotten.
            </Text>
            <TextInput
              label="Reason"
              description="For whoever looks at them later"
              required
              maxLength={200}
              value={reason}
              data-autofocus
              onChange={(event) => setReason(event.currentTarget.value)}
            />
            {discard.error !== null && <FailureNote failure={discard.error} />}
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>
                Cancel
              </Button>
              <Button type="submit" color="red" loading={discard.isPending} disabled={reason.trim() === ""}>
                {`Discard ${counted(count, "event")}`}
              </Button>
            </Group>
          </Stack>
        </form>
      </Modal>
    </>
  );
}
