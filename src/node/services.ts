/** The services that every node has; `service.ts` says what one is. */
import type { ControlServiceMakers } from "./control/control-services.ts";
import { GroupsControl } from "../service/groups-control.ts";
import { GroupsScheduler } from "../service/groups-scheduler.ts";
import { leasesOf, LeaseService } from "../service/lease-service.ts";
import { NamesControl } from "../service/names-control.ts";
import { NamesScheduler } from "../service/names-scheduler.ts";
import { GroupsOf } from "../service/process-groups.ts";
import { GlobalNamesOf } from "../service/process-names.ts";
import { RoomControl } from "../service/room-control.ts";
import type { SchedulerServiceMakers } from "./scheduler/scheduler-services.ts";

export const CONTROL_SERVICES: ControlServiceMakers = {
  names: (world) => new NamesControl(world),
  groups: (world) => new GroupsControl(world),
  leases: (world) => new LeaseService(world),
  rooms: (world) => new RoomControl(world),
};

/** Rooms are not among them: the scheduler's driver makes theirs, since it needs lanes and ports of its own. */
export const SCHEDULER_SERVICES: SchedulerServiceMakers = {
  names: (world) => {
    const service = new NamesScheduler(world);
    return {
      service,
      api: {
        global: (by) => new GlobalNamesOf(service, by),
        whereisGlobal: (name) => (service.isEmpty ? undefined : service.whereis(name)),
      },
    };
  },
  groups: (world) => {
    const service = new GroupsScheduler(world);
    return { service, api: { groups: (by) => new GroupsOf(service, by) } };
  },
  leases: (world) => ({ service: leasesOf(world), api: {} }),
};
