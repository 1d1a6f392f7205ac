// Whatever a service's spec holds, a write of a roll gives it back as it came, but for what the roll means to change.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { documentContent } from "../../documents/resources.ts";
import { asGoWrites, type Raw, recorded, SwarmManager, updateConfig } from "./swarm-manager.ts";

const ROLL = "roll-1";
const TARGET = `10.78.0.1:5000/hive-web:2.0.0@sha256:${"2".repeat(64)}`;
const FROM = `10.78.0.1:5000/hive-web:1.0.0@sha256:${"1".repeat(64)}`;
const MARKER = ["id", "image", "from", "replicas", "slots", "phase", "since", "cause", "resumed"];

/** The second opinion: what each act means, in another language. */
const acts: Record<string, (spec: Raw) => void> = {
  begin: (spec) => {
    Object.assign(spec.Labels, {
      "hive.roll.id": ROLL,
      "hive.roll.image": TARGET,
      "hive.roll.from": spec.TaskTemplate.ContainerSpec.Image,
      "hive.roll.phase": "begun",
      "hive.roll.since": "2026-11-27T22:00:00.000Z",
      "hive.roll.seen": "2026-11-27T21:59:00.000Z",
      "hive.roll.replicas": String(spec.Mode.Replicated.Replicas),
      "hive.roll.slots": "2",
    });
    spec.Mode.Replicated.Replicas = 2;
  },
  image: (spec) => {
    spec.TaskTemplate.ContainerSpec.Image = TARGET;
    spec.Labels["hive.roll.phase"] = "forward";
    spec.UpdateConfig = updateConfig;
  },
  back: (spec) => {
    spec.TaskTemplate.ContainerSpec.Image = FROM;
    spec.Labels["hive.roll.phase"] = "back";
    spec.Labels["hive.roll.cause"] = "unhealthy";
    spec.Labels["hive.roll.since"] = "2026-11-27T22:00:00.000Z";
    spec.UpdateConfig = updateConfig;
  },
  resume: (spec) => {
    spec.Labels["hive.roll.resumed"] = "1";
  },
  end: (spec) => {
    for (const name of MARKER) delete spec.Labels[`hive.roll.${name}`];
    spec.Labels["hive.roll.last"] = ROLL;
    spec.Labels["hive.previous"] = FROM;
    spec.Mode.Replicated.Replicas = 6;
  },
  scale: (spec) => {
    spec.Mode.Replicated.Replicas = 1;
  },
};

/** Every character that a text can have; the Engine's answers hold no half characters. */
const text = fc.string({ unit: "binary", maxLength: 12 });
const evil = fc.constantFrom(
  "$(touch /tmp/owned)",
  "`id`",
  '"}}, {"x":"',
  "\\(.Spec)",
  "'; rm -rf / #",
  "a\nb\r\n\t\0",
  "</script>&amp;\u2028",
  "{{ .Env }}",
  "😀\ud7ff\uffff",
);
const odd = fc.oneof(text, evil);
const integer = fc.integer({ min: -Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });
const fraction = fc
  .double({ noNaN: true, min: -1e15, max: 1e15 })
  // JSON has one zero.
  .map((number) => number + 0);
const anything = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    odd,
    integer,
    fraction,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 3 }),
    record(tie("value")),
  ),
})).value;
function record<T>(value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> {
  const key = odd.filter((name) => name !== "__proto__" && !name.startsWith("hive."));
  return fc.dictionary(key, value, { maxKeys: 4, noNullPrototype: true });
}

/** A spec of every part that a service may have, and of some that no engine knows yet. */
const spec = fc.record({
  Name: odd,
  Labels: record(odd),
  TaskTemplate: fc.record({
    ContainerSpec: fc.record({
      Image: fc.constant(FROM),
      Labels: record(odd),
      Args: fc.array(odd, { maxLength: 3 }),
      Env: fc.array(odd, { maxLength: 3 }),
      Mounts: fc.array(anything, { maxLength: 2 }),
      Ulimits: fc.array(fc.record({ Name: odd, Hard: integer, Soft: integer }), { maxLength: 2 }),
      Sysctls: record(odd),
      Healthcheck: fc.record({ Test: fc.array(odd, { maxLength: 2 }), Interval: integer }),
      Secrets: fc.array(anything, { maxLength: 2 }),
    }),
    Resources: anything,
    Networks: fc.array(anything, { maxLength: 2 }),
    ForceUpdate: fc.nat(),
    NotYetInvented: anything,
  }),
  Mode: fc.record({ Replicated: fc.record({ Replicas: fc.integer({ min: 2, max: 1_000_000 }) }) }),
  UpdateConfig: fc.record({ Parallelism: fc.nat(), MaxFailureRatio: fraction }),
  RollbackConfig: anything,
  EndpointSpec: anything,
  NotYetInvented: anything,
});

/** As it stands before the act. */
const marked = (act: string, generated: Raw): Raw => {
  const spec = structuredClone(generated);
  if (act === "begin" || act === "scale") return spec;
  Object.assign(spec.Labels, {
    "hive.roll.id": ROLL,
    "hive.roll.image": TARGET,
    "hive.roll.from": FROM,
    "hive.roll.phase": act === "end" ? "forward" : "begun",
    "hive.roll.replicas": "6",
    "hive.roll.slots": String(spec.Mode.Replicated.Replicas),
  });
  return spec;
};
const expected = (act: string, spec: Raw): Raw => {
  const after = structuredClone(spec);
  acts[act]?.(after);
  return after;
};
const parameters = {
  rollId: ROLL,
  image: TARGET,
  since: "2026-11-27T22:00:00.000Z",
  seen: "2026-11-27T21:59:00.000Z",
  cause: "unhealthy",
  holders: "i-08ace4892e28fd2ff i-0f04ea6387c485233",
  replicas: "1",
  was: "",
  settleSeconds: "0",
  waitSeconds: "0",
};

describe("a write of a roll", () => {
  let manager: SwarmManager;
  beforeEach(async () => {
    manager = new SwarmManager(recorded("none"));
    await manager.start();
  });
  afterEach(() => manager.stop());

  it.each(Object.keys(acts))("changes what %s means to change, and not one thing else", (act) => {
    fc.assert(
      fc.property(fc.array(spec, { minLength: 50, maxLength: 50 }), (generated) => {
        const specs = generated.map((one) => marked(act, one));
        expect(edited(manager, act, specs)).toEqual(specs.map((one) => expected(act, one)));
      }),
      // One run of many: a process for each would take a minute.
      { numRuns: 1, endOnFailure: true },
    );
  });

  it.each(Object.keys(acts))("arrives at the engine as %s made it", async (act) => {
    await fc.assert(
      fc.asyncProperty(spec, async (generated: Raw) => {
        const { service } = manager.scene;
        service.Spec = marked(act, generated);
        const wanted = expected(act, service.Spec);
        manager.written = [];
        const more = { serviceId: service.ID, act };
        const { status, stderr, facts } = await manager.run("update-service", { ...parameters, ...more });
        expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
        expect(manager.written).toEqual([wanted]);
        expect(facts.name).toBe(wanted.Name);
      }),
      { numRuns: 3, endOnFailure: true },
    );
  });
});

/** Many specs through the script's own `edit`, in one process. */
const edited = (manager: SwarmManager, act: string, specs: Raw[]): Raw[] => {
  const { directory, scene } = manager;
  const script = documentContent("update-service").mainSteps[0]?.inputs.runCommand.join("\n") ?? "";
  const libraries = script.slice(0, script.indexOf("\nrequire_manager\nrequire_jq"));
  const cases = specs.map((Spec, index) => {
    const work = join(directory, `case-${act}-${index}`);
    mkdirSync(work);
    for (const [name, value] of [
      ["service", { ...scene.service, Spec }],
      ["tasks", scene.tasks],
      ["nodes", scene.nodes],
    ])
      writeFileSync(join(work, name), asGoWrites(value));
    return work;
  });
  const loop =
    'for work; do edit; [ "$edit_outcome" = write ] || echo "$work: $edit_outcome $edit_text"; done';
  const defaults = { serviceId: scene.service.ID, expects: "", parallelism: "1", delaySeconds: "0" };
  const variables = Object.entries({ ...defaults, monitorSeconds: "5", ...parameters, act });
  const said = execFileSync("bash", ["--norc", "-c", `${libraries}\n${loop}`, "bash", ...cases], {
    encoding: "utf8",
    env: {
      PATH: process.env.PATH,
      ...Object.fromEntries(variables.map(([name, value]) => [`SSM_${name}`, value])),
    },
  });
  expect(said).toBe("");
  return cases.map((work) => JSON.parse(readFileSync(join(work, "spec"), "utf8")));
};
