import { Anchor, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQueries } from "@tanstack/react-query";
import { useState, type KeyboardEvent } from "react";
import { Link } from "wouter";
import { FINDERS, findScreens, type Found } from "./finders.ts";

const MOVES: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1 };

/** Goes to a screen, an integration, a device or a product by some letters of its name. */
export function FindDialog({ opened, onClose }: { readonly opened: boolean; readonly onClose: () => void }) {
  const [text, setText] = useState("");
  const [asked] = useDebouncedValue(text.trim(), 200);
  const answers = useQueries({
    queries: FINDERS.map(({ noun, find }) => ({
      queryKey: [noun, "found", asked],
      queryFn: ({ signal }: { signal: AbortSignal }) => find(asked, signal),
      enabled: opened && asked.length > 1,
    })),
  });
  const found: readonly Found[] = [...findScreens(text), ...answers.flatMap(({ data }) => data ?? [])];
  const isAsking = answers.some(({ isFetching }) => isFetching);

  function close(): void {
    setText("");
    onClose();
  }

  return (
    <Modal opened={opened} onClose={close} title="Go to" yOffset="10vh" centered={false}>
      <Stack gap="xs" onKeyDown={moveAmongLinks}>
        <TextInput
          type="search"
          aria-label="Name or id"
          placeholder="A screen, an integration, a device, a product"
          data-autofocus
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Stack gap={4} component="ul" m={0} p={0} style={{ listStyle: "none" }} aria-label="Found">
          {found.map(({ to, title, kind }) => (
            <Group key={to} component="li" justify="space-between" wrap="nowrap" gap="xs">
              <Anchor component={Link} to={to} onClick={close} className="foreign">
                {title}
              </Anchor>
              <Text size="xs" c="dimmed">
                {kind}
              </Text>
            </Group>
          ))}
        </Stack>
        {found.length === 0 && !isAsking && (
          <Text size="sm" c="dimmed" role="status">
            Nothing of that name.
          </Text>
        )}
      </Stack>
    </Modal>
  );
}

/** Arrows go from link to link, and back to the field. */
function moveAmongLinks(event: KeyboardEvent<HTMLElement>): void {
  const move = MOVES[event.key];
  if (move === undefined) return;
  const stops = [...event.currentTarget.querySelectorAll<HTMLElement>("input, a")];
  const at = stops.findIndex((stop) => stop === document.activeElement);
  stops[Math.min(stops.length - 1, Math.max(0, at + move))]?.focus();
  event.preventDefault();
}
