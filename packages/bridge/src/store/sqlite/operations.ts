/** All operations of the embedded store, by name: what the worker can be asked to do. */
import { accountOperations, type AccountOperations } from "./account-operations.ts";
import { apiUserOperations, type ApiUserOperations } from "./api-user-operations.ts";
import { createCounters } from "./counters.ts";
import { deliveryOperations, type DeliveryOperations } from "./delivery-operations.ts";
import { deviceDetailOperations, type DeviceDetailOperations } from "./device-detail-operations.ts";
import { deviceGroupOperations, type DeviceGroupOperations } from "./device-group-operations.ts";
import { deviceOperations, type DeviceOperations } from "./device-operations.ts";
import { createLastHeard } from "./last-heard.ts";
import { deviceTraceOperations, type DeviceTraceOperations } from "./device-trace-operations.ts";
import { eventOperations, type EventOperations } from "./event-operations.ts";
import { expiryOperations, type ExpiryOperations } from "./expiry-operations.ts";
import { identityOperations, type IdentityOperations } from "./identity-operations.ts";
import { integrationOperations, type IntegrationOperations } from "./integration-operations.ts";
import { parkedOperations, type ParkedOperations } from "./parked-operations.ts";
import { productOperations, type ProductOperations } from "./product-operations.ts";
import { pruneOperations, type PruneOperations } from "./prune-operations.ts";
import { seenOperations, type SeenOperations } from "./seen-operations.ts";
import { sealOperations, type SealOperations } from "./seal-operations.ts";
import { sourceOperations, type SourceOperations } from "./source-operations.ts";
import { transferOperations, type TransferOperations } from "./transfer-operations.ts";
import type { Transaction } from "./transaction.ts";

export interface Operations
  extends
    AccountOperations,
    ApiUserOperations,
    DeliveryOperations,
    DeviceDetailOperations,
    DeviceGroupOperations,
    DeviceOperations,
    DeviceTraceOperations,
    EventOperations,
    ExpiryOperations,
    IdentityOperations,
    IntegrationOperations,
    ParkedOperations,
    ProductOperations,
    PruneOperations,
    SealOperations,
    SeenOperations,
    SourceOperations,
    TransferOperations {
  writeLastHeard(): null;
}

export function createOperations(transaction: Transaction): Operations {
  const counters = createCounters(transaction);
  const heard = createLastHeard(transaction);
  const events = eventOperations(transaction, counters, heard);
  return {
    ...accountOperations(transaction),
    ...apiUserOperations(transaction),
    ...deliveryOperations(transaction, counters),
    ...deviceDetailOperations(transaction),
    ...deviceGroupOperations(transaction),
    ...deviceOperations(transaction, heard),
    ...deviceTraceOperations(transaction),
    ...events,
    ...expiryOperations(transaction, counters),
    ...identityOperations(transaction),
    ...integrationOperations(transaction),
    ...parkedOperations(transaction, counters),
    ...productOperations(transaction),
    ...sealOperations(transaction),
    ...pruneOperations(transaction),
    ...seenOperations(transaction, events),
    ...sourceOperations(transaction),
    ...transferOperations(transaction),
    writeLastHeard() {
      heard.write();
      return null;
    },
  };
}
