import { Button, Modal } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { IntegrationDetail } from "./integration.ts";
import { TestForm } from "./test-form.tsx";

/** TEST: sends a message for real and shows what became of it. */
export function TestButton({ integration }: { readonly integration: IntegrationDetail }) {
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <>
      <Button onClick={open}>TEST</Button>
      <Modal opened={opened} onClose={close} size="lg" title={`Test of ${integration.name}`}>
        {opened && <TestForm integration={integration} />}
      </Modal>
    </>
  );
}
