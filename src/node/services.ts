/** The services that every node has; `service.ts` says what one is. */
import type { ControlServiceMakers } from "./control-services.ts";
import { GroupsControl } from "./groups-control.ts";
import { GroupsScheduler } from "./groups-scheduler.ts";
import { leasesOf, LeaseService } from "./lease-service.ts";
import { GroupsOf } from "./process-groups.ts";
import type { SchedulerServiceMakers } from "./scheduler-services.ts";

export const CONTROL_SERVICES: ControlServiceMakers = {
  groups: (world) => new GroupsControl(world),
  leases: (world) => new LeaseService(world),
};

export const SCHEDULER_SERVICES: SchedulerServiceMakers = {
  groups: (world) => {
    const service = new GroupsScheduler(world);
    return { service, api: { groups: (by) => new GroupsOf(service, by) } };
  },
  leases: (world) => ({ service: leasesOf(world), api: {} }),
};
