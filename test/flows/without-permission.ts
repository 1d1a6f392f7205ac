// Each permission of a role taken away by itself: where that is seen, and how the flow ends. What the test files of permissions share.
import type { Grant } from "../../sandbox/iam/grants.ts";
import { hastenSuspension } from "../../sandbox/lambda/virtual-driver.ts";
import { type Expected, endings } from "./permission-endings.ts";
import {
  backupEnding,
  ending,
  planEnding,
  REFUSAL,
  repairEnding,
  rollEnding,
  type Scene,
  type SceneName,
  scenes,
} from "./permission-scenes.ts";
import { type PermissionWorld, permissionWorld } from "./permission-world.ts";
import { ends, pushed, rollProblems, running } from "./rolls.ts";

/** For a whole test file. */
export const hastened = (): void => {
  let undo: () => void;
  beforeAll(() => {
    undo = hastenSuspension();
  });
  afterAll(() => undo());
};

export const sceneOf = (name: SceneName): Scene => scenes[name];
export const FIRST: Readonly<Record<Expected["flow"], SceneName>> = {
  join: "the group owns the load balancer",
  retire: "the group owns the load balancer",
  roll: "an image is rolled",
  plan: "the cluster is looked at",
  repair: "the cluster is repaired",
  backup: "the swarm's state is saved",
};

/** The functions by their roles. */
const FUNCTIONS = {
  DispatchRole: "dispatch",
  JoinNodeRole: "join-node",
  RetireNodeRole: "retire-node",
  RollServiceRole: "roll-service",
  PlanRole: "plan",
  RepairRole: "repair",
  BackupRole: "backup-swarm",
};

/** `function:hive-swarm-dev-join-node:durable`, `*`: the resource without partition, service, region and account. */
export const short = ({ action, resource }: Pick<Grant, "action" | "resource">): string =>
  `${action} on ${resource.replace(/^arn:aws:[^:]*:[^:]*:[^:]*:/, "")}`;

const endOf = (world: PermissionWorld, flow: Expected["flow"], id: string): string => {
  if (flow === "plan") return planEnding(world);
  if (flow === "repair") return repairEnding(world);
  if (flow === "backup") return backupEnding(world);
  return flow === "roll" ? rollEnding(world) : ending(world, id, flow);
};

/** Roles by the test file that takes their permissions away: each file is a process of its own. */
export const TOGETHER = {
  join: ["JoinNodeRole", "WorkerInstanceRole"],
  retire: ["RetireNodeRole", "ManagerInstanceRole"],
  cluster: ["DispatchRole", "RollServiceRole", "PlanRole", "RepairRole", "BackupRole"],
} as const satisfies Record<string, readonly (keyof typeof endings)[]>;

export const withoutOnePermission = (roles: readonly string[]): void => {
  describe("without one permission", () => {
    const rows = Object.entries(endings)
      .filter(([role]) => roles.includes(role))
      .flatMap(([role, perRole]) =>
        Object.entries(perRole).flatMap(([row, expected]) =>
          [expected]
            .flat()
            .map((one): [string, string, Expected["flow"], Expected] => [role, row, one.flow, one]),
        ),
      );
    const lacks = (role: string, row: string) => (grant: Grant) =>
      grant.role === role && short(grant) === row;

    /** Everything that a person would find afterwards. */
    const told = (world: PermissionWorld): string =>
      JSON.stringify([
        world.log.map(({ fields }) => fields),
        world.executions().map(({ error, result }) => [error, result]),
        world.letters,
      ]);

    it.each(rows)("%s %s: %s", async (role, row, flow, { scene = FIRST[flow], ends: expected }) => {
      const { options, run } = sceneOf(scene);
      const world = await permissionWorld(options, lacks(role, row));
      const id = await run(world);
      const { refused } = world.access.report();
      const [action = ""] = row.split(" on ");
      expect(refused.length).toBeGreaterThan(0);
      expect(new Set(refused.map((one) => `${one.role} ${one.action}`))).toEqual(
        new Set([`${role} ${action}`]),
      );
      expect(endOf(world, flow, id)).toBe(expected);
      expect(told(world)).toMatch(REFUSAL);
      if (action !== "kms:Decrypt") expect(told(world)).toContain(`not authorized to perform: ${action}`);
    });

    const left = rows.filter(([, , , { ends: expected }]) => expected.includes("marker stays"));
    // Rolls alone leave one, and jest takes no empty table.
    if (left.length > 0)
      it.each(left)(
        "%s %s: what its %s left behind is finished by the next push, once it is there again",
        async (role, row, _flow, { scene = FIRST.roll }) => {
          const { options, run } = sceneOf(scene);
          const world = await permissionWorld(options, lacks(role, row));
          await run(world);
          world.lacking = false;
          pushed(world, "c");
          await world.rest();
          expect(ends(world).at(-1)).toBe("1.4.3 converged");
          expect(running(world)).toEqual({ c: 3 });
          expect(rollProblems(world)).toEqual([]);
        },
      );

    it.each(Object.keys(FUNCTIONS).filter((role) => roles.includes(role)))(
      "%s sqs:SendMessage: Lambda would not even create the function",
      async (role) => {
        const queue = (grant: Grant) => grant.role === role && grant.action === "sqs:SendMessage";
        const world = await permissionWorld({}, queue);
        expect(() => world.access.checkDeployment()).toThrow(
          "The provided execution role does not have permissions to call SendMessage on SQS",
        );
      },
    );
  });
};
