import { Button, Checkbox, Group, Modal, Stack, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useLocation } from "wouter";
import { request, segment } from "../client/request.ts";
import { announce } from "../elements/announcements.tsx";
import { FailureNote } from "../elements/failure-note.tsx";

interface Claimed {
  readonly id?: string;
  /** Its owner was asked for it. */
  readonly transfer_id?: string;
}

/** Puts one device into the sandbox, and leads to it. */
export function ClaimButton() {
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <>
      <Button variant="default" onClick={open}>
        Claim a device
      </Button>
      <Modal opened={opened} onClose={close} title="Claim a device into your sandbox">
        <ClaimForm onClose={close} />
      </Modal>
    </>
  );
}

/** 96 random bits: nobody has it yet. */
function unusedId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function ClaimForm({ onClose }: { readonly onClose: () => void }) {
  const [id, setId] = useState("");
  const [asksOwner, setAsksOwner] = useState(false);
  const [, navigate] = useLocation();
  const queries = useQueryClient();
  const claim = useMutation({
    mutationFn: () =>
      request<Claimed>("/v1/devices", { method: "POST", body: { id: id.trim(), request_transfer: asksOwner } }),
    async onSuccess(answer) {
      await queries.invalidateQueries({ queryKey: ["devices"] });
      onClose();
      if (answer.transfer_id !== undefined) return announce("Its owner was asked to give it away");
      announce("Device claimed");
      navigate(`/devices/${segment(answer.id ?? id.trim().toLowerCase())}`);
    },
  });

  function submit(event: FormEvent): void {
    event.preventDefault();
    claim.mutate();
  }

  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput
          label="Device id"
          description="24 hexadecimal digits. An id that nobody has used yet makes a new device."
          placeholder="0123456789abcdef01234567"
          value={id}
          required
          maxLength={128}
          data-autofocus
          onChange={(event) => setId(event.currentTarget.value)}
        />
        <Button variant="default" w="fit-content" onClick={() => setId(unusedId())}>
          Fill in a new id
        </Button>
        <Checkbox
          label="Ask its owner for it, if it has one"
          checked={asksOwner}
          onChange={(event) => setAsksOwner(event.currentTarget.checked)}
        />
        {claim.error !== null && <FailureNote failure={claim.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={claim.isPending}>
            Claim device
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
