import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { Suspense, useSyncExternalStore } from "react";
import { Router, useLocation } from "wouter";
import { ApiFailure } from "./client/failure.ts";
import { Announcements } from "./elements/announcements.tsx";
import { Loading } from "./elements/loaded.tsx";
import { onSession, session } from "./session/session.ts";
import { onSignInLink, signInLink } from "./session/sign-in-link.ts";
import { SignInPage } from "./session/sign-in-page.tsx";
import { Screens } from "./screens.tsx";
import { ScreenBoundary } from "./shell/screen-boundary.tsx";
import { Shell } from "./shell/shell.tsx";
import { styleNonce } from "./style-nonce.ts";
import { cssVariables, theme } from "./theme.ts";

const TRIES = 2;

const queries = new QueryClient({
  defaultOptions: {
    // What was typed and what was made may be secret: both go with their form.
    mutations: { gcTime: 0 },
    queries: {
      staleTime: 2_000,
      // What the server refused it refuses again; what did not reach it is worth another try.
      retry: (count, error) =>
        count < TRIES && !(error instanceof ApiFailure && error.status >= 400 && error.status < 500),
    },
  },
});

export function App() {
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
      getStyleNonce={styleNonce}
    >
      <QueryClientProvider client={queries}>
        <Router base="/console">
          <SignedIn />
        </Router>
      </QueryClientProvider>
      <Announcements />
    </MantineProvider>
  );
}

function SignedIn() {
  const current = useSyncExternalStore(onSession, session);
  const [location] = useLocation();
  const link = useSyncExternalStore(onSignInLink, signInLink);
  const isRedeeming = link.kind === "redeeming";
  if (isRedeeming || current === null) {
    // Whoever comes next sees nothing of who was here.
    queries.clear();
    return isRedeeming ? <Loading /> : <SignInPage />;
  }
  return (
    <Shell username={current.username}>
      <ScreenBoundary place={location}>
        <Suspense fallback={<Loading />}>
          <Screens />
        </Suspense>
      </ScreenBoundary>
    </Shell>
  );
}
