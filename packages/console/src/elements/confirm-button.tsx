import { Button, Group, Modal, Stack, TextInput, type ButtonProps } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState, type ReactNode } from "react";
import { FailureNote } from "./failure-note.tsx";

export interface ConfirmButtonProps extends ButtonProps {
  readonly children: string;
  /** The question. */
  readonly title: string;
  /** What will happen, with counts. */
  readonly message: ReactNode;
  /** What the button that does it says; the label when left out. */
  readonly confirmLabel?: string;
  /** Must be typed before it can be done: for what cannot be undone. */
  readonly word?: string;
  /** The dialog closes when it resolves and shows why when it rejects. */
  readonly onConfirm: () => Promise<unknown>;
}

/** A button that asks before it acts. */
export function ConfirmButton({
  children,
  title,
  message,
  confirmLabel = children,
  word,
  onConfirm,
  ...button
}: ConfirmButtonProps) {
  const [opened, { open, close }] = useDisclosure(false);
  const [typed, setTyped] = useState("");
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);

  async function confirm(): Promise<void> {
    setBusy(true);
    setFailure(null);
    try {
      await onConfirm();
      close();
    } catch (error) {
      setFailure(error);
    } finally {
      setBusy(false);
    }
  }

  function ask(): void {
    setTyped("");
    setFailure(null);
    open();
  }

  return (
    <>
      <Button variant="default" {...button} onClick={ask}>
        {children}
      </Button>
      <Modal opened={opened} onClose={close} title={title}>
        <Stack>
          <div>{message}</div>
          {word !== undefined && (
            <TextInput
              label={`Type ${word} to go on`}
              value={typed}
              data-autofocus
              onChange={(event) => setTyped(event.currentTarget.value)}
            />
          )}
          {failure !== null && <FailureNote failure={failure} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button
              color="red"
              loading={busy}
              disabled={word !== undefined && typed !== word}
              onClick={() => void confirm()}
            >
              {confirmLabel}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
