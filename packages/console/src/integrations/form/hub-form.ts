/** What stands in the form of a hub's integration: plain texts and switches, from an answer of the API and into its fields. */

export interface Property {
  readonly name: string;
  readonly value: string;
}

/** `none`: the default body; `text`: rendered whole; `object`: its texts are rendered. */
export type TemplateKind = "none" | "text" | "object";

export interface HubForm {
  readonly event: string;
  /** Of the sandbox: one device by id or name; empty: any. */
  readonly deviceId: string;
  readonly name: string;
  readonly hubName: string;
  readonly policyName: string;
  /** Empty in an edit: the stored one stays. */
  readonly policyKey: string;
  readonly secondaryKey: string;
  readonly templateKind: TemplateKind;
  readonly template: string;
  readonly properties: readonly Property[];
  readonly contentType: string;
  readonly parseData: boolean;
  readonly nameSync: boolean;
  readonly createIdentities: boolean;
  readonly deviceIdPrefix: string;
  /** Empty: none. */
  readonly dailyCap: string;
}

export const EMPTY_HUB_FORM: HubForm = {
  event: "",
  deviceId: "",
  name: "",
  hubName: "",
  policyName: "",
  policyKey: "",
  secondaryKey: "",
  templateKind: "none",
  template: "",
  properties: [],
  contentType: "application/json",
  parseData: false,
  nameSync: true,
  createIdentities: true,
  deviceIdPrefix: "",
  dailyCap: "",
};

/** The fields of an `AzureIotHub` integration that the form shows, as the API answers them. */
export interface HubAnswer {
  readonly event: string;
  readonly deviceID?: string;
  readonly name: string;
  readonly hub_name: string;
  readonly policy_name: string;
  readonly json?: unknown;
  readonly message_properties: Readonly<Record<string, string>>;
  readonly content_type: string;
  readonly parse_data: boolean;
  readonly name_sync: "continuous" | "once";
  readonly create_identities: boolean;
  readonly device_id_prefix: string;
  readonly daily_cap: number | null;
}

/** For editing. Keys are never answered: their fields begin empty. */
export function hubFormOf(answer: HubAnswer): HubForm {
  const { json } = answer;
  return {
    ...EMPTY_HUB_FORM,
    event: answer.event,
    deviceId: answer.deviceID ?? "",
    name: answer.name,
    hubName: answer.hub_name,
    policyName: answer.policy_name,
    templateKind: json === undefined || json === null ? "none" : typeof json === "string" ? "text" : "object",
    template: typeof json === "string" ? json : json === undefined ? "" : JSON.stringify(json, null, 2),
    properties: Object.entries(answer.message_properties).map(([name, value]) => ({ name, value })),
    contentType: answer.content_type,
    parseData: answer.parse_data,
    nameSync: answer.name_sync === "continuous",
    createIdentities: answer.create_identities,
    deviceIdPrefix: answer.device_id_prefix,
    dailyCap: answer.daily_cap === null ? "" : String(answer.daily_cap),
  };
}

/** What the message is made of and where the event comes from: enough for a preview, and without any key. */
export function messageFields(form: HubForm): Record<string, unknown> {
  return {
    integration_type: "AzureIotHub",
    event: form.event,
    ...(form.deviceId.trim() !== "" && { deviceID: form.deviceId.trim() }),
    json: templateField(form),
    content_type: form.contentType.trim(),
    message_properties: Object.fromEntries(
      form.properties.filter(({ name }) => name !== "").map(({ name, value }) => [name, value]),
    ),
    parse_data: form.parseData,
    name_sync: form.nameSync ? "continuous" : "once",
    create_identities: form.createIdentities,
    device_id_prefix: form.deviceIdPrefix,
  };
}

/** How the hub is reached. Keys that were not typed are left out. */
export function connectionFields(form: HubForm): Record<string, unknown> {
  return {
    hub_name: form.hubName.trim(),
    ...(form.policyName.trim() !== "" && { policy_name: form.policyName.trim() }),
    ...(form.policyKey.trim() !== "" && { policy_key: form.policyKey.trim() }),
    ...(form.secondaryKey.trim() !== "" && { secondary_policy_key: form.secondaryKey.trim() }),
  };
}

/** All of it, as POST, PUT and PATCH take it. */
export function hubFields(form: HubForm): Record<string, unknown> {
  return {
    ...messageFields(form),
    ...connectionFields(form),
    ...(form.name.trim() !== "" && { name: form.name.trim() }),
    daily_cap: form.dailyCap.trim() === "" ? null : Number(form.dailyCap),
  };
}

function templateField({ templateKind, template }: HubForm): unknown {
  if (templateKind === "none" || template.trim() === "") return null;
  return templateKind === "text" ? template : (parsedJson(template) ?? template);
}

/** Why the template cannot be sent as it stands; `null` when it can. What else is wrong with it the server says. */
export function templateFault({ templateKind, template }: HubForm): string | null {
  if (templateKind !== "object" || template.trim() === "") return null;
  const value = parsedJson(template);
  return typeof value === "object" && value !== null ? null : "This is not a JSON object yet.";
}

/** `undefined` where it is none. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
