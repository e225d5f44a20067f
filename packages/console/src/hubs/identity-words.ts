/** Where identities stand and what can be done about them, in words. In the order in which they matter. */
import type { Tone } from "../elements/state-badge.tsx";
import type { IdentityAction, IdentityClass } from "./identity-scan.ts";

export interface ClassWords {
  readonly name: IdentityClass;
  readonly tone: Tone;
  readonly title: string;
  readonly about: string;
}

export const CLASSES: readonly ClassWords[] = [
  { name: "missing", tone: "bad", title: "Missing", about: "A device has sent, and the hub has no identity for it." },
  {
    name: "orphaned",
    tone: "wait",
    title: "Orphaned",
    about: "Made here; its device is gone, or no integration uses this hub for it.",
  },
  {
    name: "conflicting",
    tone: "wait",
    title: "Conflicting",
    about: "Somebody deleted it and made it anew since it was known here.",
  },
  {
    name: "adoptable",
    tone: "wait",
    title: "Found there",
    about: "Of a device of yours, made by somebody else and not used yet.",
  },
  {
    name: "unmade",
    tone: "quiet",
    title: "Not made yet",
    about: "The device has not sent; it gets one with its first message.",
  },
  {
    name: "left",
    tone: "quiet",
    title: "Used no more",
    about: "Not made here, or of old; nobody needs it any more. The hub keeps it.",
  },
  { name: "gone", tone: "quiet", title: "Gone", about: "Remembered here, not in the hub, and not needed." },
  { name: "made", tone: "good", title: "Made by us", about: "Made here, and in use." },
  { name: "adopted", tone: "good", title: "Adopted", about: "Found in the hub, and in use. Never deleted from here." },
  {
    name: "used",
    tone: "good",
    title: "In use",
    about: "In use since before it was noted who made them. Never deleted from here.",
  },
  { name: "state", tone: "good", title: "States and Things", about: "Looked after by the mirroring of states." },
  {
    name: "foreign",
    tone: "quiet",
    title: "Of others",
    about: "Nothing here has to do with them: they are counted and never touched.",
  },
];

export interface ActionWords {
  readonly name: IdentityAction;
  readonly label: (count: string) => string;
  readonly about: string;
  /** Chosen when nobody has said otherwise. */
  readonly usual: boolean;
}

export const ACTIONS: readonly ActionWords[] = [
  { name: "create", label: (n) => `Create ${n} missing`, about: "As their next message would.", usual: true },
  { name: "adopt", label: (n) => `Adopt ${n}`, about: "They are used as they are.", usual: true },
  { name: "prepare", label: (n) => `Create ${n} ahead`, about: "So that first messages need not wait.", usual: false },
  { name: "forget", label: (n) => `Forget ${n}`, about: "Here only; the hub keeps what it has.", usual: false },
  {
    name: "delete",
    label: (n) => `Delete ${n} in the hub`,
    about: "Each is looked at again; what changed is left alone.",
    usual: false,
  },
];
