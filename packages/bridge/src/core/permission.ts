/** What a caller may be allowed to do, in the device cloud's names. A closed list: a name that is not here is refused, not ignored. */

export const PERMISSIONS = [
  "devices:list",
  "devices:get",
  "devices:update",
  "devices:import",
  "devices:remove",
  "devices:release",
  "devices:ping",
  "devices.function:call",
  "devices.variable:get",
  "events:get",
  "events:send",
  "groups:list",
  "groups:get",
  "groups:create",
  "groups:update",
  "groups:remove",
  "integrations:list",
  "integrations:get",
  "integrations:create",
  "integrations:update",
  "integrations:remove",
  "integrations:test",
  "metrics.events:get",
  "metrics.integrations:get",
  "products:list",
  "products:get",
  "teams.users:list",
  "teams.users:invite",
  "teams.users:update",
  "teams.users:remove",
] as const;

export type Permission = (typeof PERMISSIONS)[number];

/**
 * What a route asks of its caller. An account has every permission; an API user those of its scopes, in its product.
 * `account`: nothing but an account will do (tokens, sandbox, settings of the server). `self`: what anyone may know of itself.
 */
export type Requirement = Permission | "account" | "self";

export function isPermission(text: string): text is Permission {
  return (PERMISSIONS as readonly string[]).includes(text);
}
