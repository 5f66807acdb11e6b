/** The services that every node has; `service.ts` says what one is. */
import type { ControlServiceMakers } from "./control-services.ts";
import type { SchedulerServiceMakers } from "./scheduler-services.ts";

export const CONTROL_SERVICES: ControlServiceMakers = {};

export const SCHEDULER_SERVICES: SchedulerServiceMakers = {};
