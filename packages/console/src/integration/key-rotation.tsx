import { Code, List, Text } from "@mantine/core";

/** How both keys are made anew while messages flow. */
export function KeyRotation({ inUse, policy }: { readonly inUse: "primary" | "secondary"; readonly policy: string }) {
  const other = inUse === "primary" ? "secondary" : "primary";
  return (
    <details>
      <Text component="summary" size="sm">
        Make both keys anew without a gap
      </Text>
      <List type="ordered" size="sm" spacing={4} mt={6}>
        <List.Item>
          In use is the key stored here as <b>{inUse}</b>. In Azure, regenerate the <b>{other}</b> key of{" "}
          <Code className="foreign">{policy}</Code>.
        </List.Item>
        <List.Item>
          Paste that new key here as the policy’s key, and Azure’s other one as the secondary key. Check and save: open
          connections go over to it while messages flow.
        </List.Item>
        <List.Item>In Azure, regenerate the key that is the secondary one here now.</List.Item>
        <List.Item>Paste it here as the secondary key. Done: both are new.</List.Item>
      </List>
      <Text size="sm" c="dimmed" mt={6}>
        A key that is made anew while it is in use costs no event either: they wait, and go out with the next good key.
        Other integrations with this policy keep their keys until they are changed too.
      </Text>
    </details>
  );
}
