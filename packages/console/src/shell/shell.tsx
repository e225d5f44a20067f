import { Anchor, Box, Burger, Button, Group, Kbd, NavLink, Text, useMantineColorScheme } from "@mantine/core";
import { useDisclosure, useHotkeys } from "@mantine/hooks";
import { useEffect, type ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { FindDialog } from "./find-dialog.tsx";
import { signOut } from "../session/sign-out.ts";
import { noteLocation } from "./navigated.ts";
import { NAVIGATION } from "./navigation.ts";

/** Header and navigation around every screen. */
export function Shell({ username, children }: { readonly username: string; readonly children: ReactNode }) {
  const [opened, { toggle, close }] = useDisclosure(false);
  const [location] = useLocation();
  useEffect(() => {
    close();
    if (noteLocation(location)) window.scrollTo(0, 0);
  }, [location, close]);
  const [finding, find] = useDisclosure(false);
  useHotkeys([
    ["/", () => focusSearch() || find.open()],
    ["mod+K", find.open],
  ]);
  return (
    <div className="shell">
      <Anchor href="#content" className="skip">
        Skip to the content
      </Anchor>
      <header className="shell-header">
        <Group h="100%" justify="space-between" wrap="nowrap">
          <Group gap="xs" wrap="nowrap">
            <Burger
              opened={opened}
              onClick={toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label="Navigation"
              aria-expanded={opened}
              aria-controls="navigation"
            />
            <Text component={Link} to="/" className="shell-brand" fw={700} c="inherit" td="none">
              Isthmus
            </Text>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <Text size="sm" c="dimmed" visibleFrom="sm" className="foreign">
              {username}
            </Text>
            <Button variant="default" onClick={find.open} rightSection={<Kbd size="xs">/</Kbd>}>
              Find
            </Button>
            <SchemeButton />
            <Button variant="default" onClick={signOut}>
              Sign out
            </Button>
          </Group>
        </Group>
      </header>
      <nav className="shell-navigation" id="navigation" aria-label="Main" data-opened={opened || undefined}>
        {NAVIGATION.map(({ title, to }) => (
          <NavLink
            key={to}
            component={Link}
            href={to}
            label={title}
            active={isAt(location, to)}
            {...current(location, to)}
          />
        ))}
      </nav>
      <main className="shell-content" id="content" tabIndex={-1}>
        <Box maw={1400}>{children}</Box>
      </main>
      <FindDialog opened={finding} onClose={find.close} />
    </div>
  );
}

function SchemeButton() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const next = colorScheme === "auto" ? "light" : colorScheme === "light" ? "dark" : "auto";
  return (
    <Button
      variant="default"
      onClick={() => setColorScheme(next)}
      aria-label={`Colours: ${colorScheme}. Change to ${next}`}
    >
      <Text span inherit visibleFrom="sm">
        Colours:&nbsp;
      </Text>
      {colorScheme}
    </Button>
  );
}

function isAt(location: string, to: string): boolean {
  return to === "/" ? location === "/" : location === to || location.startsWith(`${to}/`);
}

function current(location: string, to: string): { "aria-current"?: "page" } {
  return isAt(location, to) ? { "aria-current": "page" } : {};
}

/** False when the page has no search of its own. */
function focusSearch(): boolean {
  const search = document.querySelector<HTMLInputElement>("[data-page-search]");
  search?.focus();
  return search !== null;
}
