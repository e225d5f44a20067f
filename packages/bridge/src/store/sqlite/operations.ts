/** All operations of the embedded store, by name: what the worker can be asked to do. */
import { accountOperations, type AccountOperations } from "./account-operations.ts";
import { createCounters } from "./counters.ts";
import { deliveryOperations, type DeliveryOperations } from "./delivery-operations.ts";
import { deviceOperations, type DeviceOperations } from "./device-operations.ts";
import { eventOperations, type EventOperations } from "./event-operations.ts";
import { identityOperations, type IdentityOperations } from "./identity-operations.ts";
import { integrationOperations, type IntegrationOperations } from "./integration-operations.ts";
import { productOperations, type ProductOperations } from "./product-operations.ts";
import { pruneOperations, type PruneOperations } from "./prune-operations.ts";
import type { Transaction } from "./transaction.ts";

export interface Operations
  extends
    AccountOperations,
    DeliveryOperations,
    DeviceOperations,
    EventOperations,
    IdentityOperations,
    IntegrationOperations,
    ProductOperations,
    PruneOperations {}

export function createOperations(transaction: Transaction): Operations {
  const counters = createCounters(transaction);
  return {
    ...accountOperations(transaction),
    ...deliveryOperations(transaction, counters),
    ...deviceOperations(transaction),
    ...eventOperations(transaction, counters),
    ...identityOperations(transaction),
    ...integrationOperations(transaction),
    ...productOperations(transaction),
    ...pruneOperations(transaction),
  };
}
