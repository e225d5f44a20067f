import { Button, Group } from "@mantine/core";
import { Component, type ReactNode } from "react";
import { FailureNote } from "../elements/failure-note.tsx";
import { Page } from "../elements/page.tsx";
import { ReloadWhenBack } from "./reload-when-back.tsx";

interface Props {
  /** Another place is another try. */
  readonly place: string;
  readonly children: ReactNode;
}

interface State {
  readonly error: unknown;
  readonly place: string;
}

/** Keeps the console in use when one screen fails, and tells how to go on. */
export class ScreenBoundary extends Component<Props, State> {
  override state: State = { error: null, place: this.props.place };

  static getDerivedStateFromError(error: unknown): Partial<State> {
    return { error };
  }

  static getDerivedStateFromProps({ place }: Props, state: State): Partial<State> | null {
    return place === state.place ? null : { place, error: null };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <Page title="This screen could not be shown">
        <FailureNote failure={isOutdated(error) ? OUTDATED : error} />
        {isOutdated(error) && <ReloadWhenBack />}
        <Group>
          <Button onClick={() => window.location.reload()}>Load the console again</Button>
        </Group>
      </Page>
    );
  }
}

const OUTDATED = {
  code: "console_outdated",
  message: "The server has another version of the console by now, or does not answer.",
  next_step: "Is it running? This page is loaded again by itself when it answers.",
};

/** A part of the console that is loaded when it is needed was not there. */
function isOutdated(error: unknown): boolean {
  return error instanceof Error && /dynamically imported module|module script/i.test(error.message);
}
