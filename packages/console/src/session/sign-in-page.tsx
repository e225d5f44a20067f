import { Button, Center, Checkbox, Code, Paper, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useState, useSyncExternalStore, type FormEvent } from "react";
import { request } from "../client/request.ts";
import { FailureNote } from "../elements/failure-note.tsx";
import { beginSession, signedOutBecause } from "./session.ts";
import { onSignInLink, signInLink } from "./sign-in-link.ts";

const TAB_SECONDS = 12 * 3600;
const REMEMBERED_SECONDS = 30 * 24 * 3600;

export function SignInPage() {
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [remember, setRemember] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const link = useSyncExternalStore(onSignInLink, signInLink);

  async function signIn(event: FormEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setFailure(null);
    try {
      const body = new URLSearchParams({
        grant_type: "password",
        client_id: "console",
        client_secret: "console",
        username,
        password,
        expires_in: String(remember ? REMEMBERED_SECONDS : TAB_SECONDS),
      });
      const { access_token } = await request<{ access_token: string }>("/oauth/token", { method: "POST", body });
      beginSession({ token: access_token, username }, { remember });
    } catch (error) {
      setFailure(error);
    } finally {
      setBusy(false);
    }
  }

  return (
    <Center component="main" mih="100vh" p="md">
      <Paper component="form" onSubmit={(event) => void signIn(event)} w="100%" maw={380} p="lg" withBorder>
        <Stack>
          <Title order={1}>Isthmus</Title>
          {signedOutBecause() === "ended" && <Text c="dimmed">Your sign-in has ended. Sign in again to go on.</Text>}
          {link.kind === "refused" && <FailureNote failure={link.failure} />}
          <TextInput
            label="Username"
            autoComplete="username"
            required
            value={username}
            onChange={(event) => setUsername(event.currentTarget.value)}
          />
          <PasswordInput
            label="Password"
            autoComplete="current-password"
            required
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <Checkbox
            label="Stay signed in on this computer"
            checked={remember}
            onChange={(event) => setRemember(event.currentTarget.checked)}
          />
          {failure !== null && <FailureNote failure={failure} />}
          <Button type="submit" size="sm" loading={busy}>
            Sign in
          </Button>
          <Text size="xs" c="dimmed">
            First time here? The server&apos;s terminal shows a link that signs you in; <Code>npx isthmus console</Code>{" "}
            prints another. Username and password are there too, and in <Code>first-run.json</Code> in the data folder.
          </Text>
        </Stack>
      </Paper>
    </Center>
  );
}
