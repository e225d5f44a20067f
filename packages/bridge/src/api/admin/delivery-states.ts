import type { DeliveryState } from "../../core/delivery.ts";

export const DELIVERY_STATES: readonly DeliveryState[] = ["pending", "delivered", "parked", "expired"];
