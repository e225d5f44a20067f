/** An integration as a user writes it, read into settings that cannot be wrong; every refusal names its field. */
import type { Integration, Scope } from "../../core/integration.ts";
import type { Directory, IntegrationSettings } from "../../core/directory.ts";
import { ApiError, badRequest } from "../api-error.ts";
import type { AccountCaller } from "../authentication.ts";
import { missing, optionalFlag, optionalInteger, optionalText } from "../bodies.ts";
import type { Fields } from "../bodies.ts";
import { ownDevice } from "../ownership.ts";
import { connectionSettingsOf } from "./connection-settings.ts";
import type { ConnectionContext } from "./connection-settings.ts";
import { hubOptions } from "./hub-settings.ts";

interface Context extends Omit<ConnectionContext, "stored"> {
  readonly directory: Directory;
  readonly caller: AccountCaller;
  readonly scope: Scope;
  /** The one that is edited: what it must have and the edit leaves out stays as it is. */
  readonly stored?: Integration;
}

const TYPE = "AzureIotHub";
const MAX_DAILY_CAP = 1_000_000_000;

/** Throws 400 with the field's name in the error. */
export async function integrationSettingsOf(fields: Fields, context: Context): Promise<IntegrationSettings> {
  const { scope, stored } = context;
  requireType(fields, stored !== undefined);
  const event = eventPrefix(fields) ?? stored?.event ?? missing("event");
  const connection = connectionSettingsOf(fields, await connectionContext(context));
  return {
    type: TYPE,
    scope,
    event,
    deviceId: await deviceFilter(fields, context),
    name: optionalText(fields, "name", 128) ?? `${event} for ${connection.hubName}`,
    ...connection,
    ...hubOptions(fields),
    dailyCap: optionalInteger(fields, "daily_cap", 1, MAX_DAILY_CAP),
    disabled: optionalFlag(fields, "disabled") ?? false,
  };
}

function requireType(fields: Fields, isEdit: boolean): void {
  const type = fields["integration_type"];
  if (type === TYPE || (type === undefined && isEdit)) return;
  if (type === undefined && fields["url"] === undefined) missing("integration_type");
  throw badRequest(`integration_type must be ${TYPE}: this server has no other type`);
}

function eventPrefix(fields: Fields): string | null {
  const field = fields["event"] === undefined && fields["eventName"] !== undefined ? "eventName" : "event";
  const event = optionalText(fields, field, 64);
  if (event !== null && !/^[\x20-\x7e]+$/.test(event)) throw badRequest("event must be printable ASCII");
  return event;
}

async function connectionContext({ directory, stored, ...rules }: Context): Promise<ConnectionContext> {
  if (stored?.type !== TYPE) return rules;
  const { hubName, policyName, connectionId } = stored;
  return { ...rules, stored: { hubName, policyName, connection: await directory.connection(connectionId) } };
}

/** The device's spelling differs between clients and documents; all mean the same. */
async function deviceFilter(fields: Fields, { directory, caller, scope }: Context): Promise<string | null> {
  const field = ["deviceID", "deviceid", "deviceId"].find((spelling) => fields[spelling] !== undefined);
  const idOrName = field === undefined ? null : optionalText(fields, field, 128);
  if (idOrName === null) return null;
  if (scope.kind === "product") throw badRequest("deviceID: a product's integration takes events of all its devices");
  try {
    return (await ownDevice(directory, caller, idOrName)).id;
  } catch (error) {
    if (error instanceof ApiError) throw badRequest("deviceID: you have no such device");
    throw error;
  }
}
