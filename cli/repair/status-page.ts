// The cluster for people: a table for each part of the picture, or why the part is missing.
import { imageCell, repositoryName } from "../roll/image-names.ts";
import { table } from "../terminal/table.ts";
import { plain } from "../terminal/text.ts";
import type { Picture } from "./report.ts";

type Part<T> = { known: true; value: T } | { known: false; because: string };
type Row = (string | number)[];

export const statusPage = (picture: Picture): string =>
  [
    // One that is known stands above everything.
    ...(picture.paused?.known === false ? [section("Pause", picture.paused, [], () => [])] : []),
    section("Groups", picture.members, ["Group", "Role", "Instances", "States"], groupRows),
    section(
      "Instances",
      picture.members,
      ["Instance", "Group", "State", "Health", "Agent", "Node", "Load balancer"],
      (members) => members.map((member) => instanceRow(member, picture)),
    ),
    section(
      "Nodes",
      picture.swarm,
      ["Node", "Instance", "Address", "Role", "State", "Availability", "Tasks"],
      ({ nodes }) => nodes.map(nodeRow),
    ),
    ...(picture.balancer
      ? [
          section(
            `Load balancer${ownerOf(picture.balancer)}`,
            picture.balancer,
            ["Instance", "Standing", "Description"],
            ({ members }) => members.map((each) => cells(each.instanceId, each.standing, each.description)),
          ),
        ]
      : []),
    section(
      "Services",
      picture.swarm,
      ["Service", "Mode", "Replicas", "Running", "Image", "Update", "Roll"],
      ({ services }) => services.map(serviceRow),
    ),
    section("Newest images", picture.newest, ["Repository", "Image", "Pushed"], (images) =>
      images.map((each) => [
        repositoryName(plain(each.repository)),
        imageCell(each.image),
        minute(each.pushedAt),
      ]),
    ),
    section("Flows under way", picture.flows, ["Flow", "Since"], (flows) =>
      flows.map(({ name, startedAt }) => [plain(name), minute(startedAt)]),
    ),
  ].join("\n\n");

type Value<P> = P extends { known: true; value: infer V } ? V : never;
type Members = Value<Picture["members"]>;
type Swarm = Value<Picture["swarm"]>;

const section = <T>(title: string, part: Part<T>, head: string[], rowsOf: (value: T) => Row[]): string => {
  if (!part.known) return `${title}\n  unknown: ${plain(part.because)}`;
  const rows = rowsOf(part.value);
  return `${title}\n${rows.length > 0 ? table(head, rows) : "  none"}`;
};

const cells = (...texts: string[]): Row => texts.map((text) => plain(text) || "-");

/** `2026-01-01 00:05 UTC` */
const minute = (time: string): string => `${plain(time).slice(0, 16).replace("T", " ")} UTC`;

const groupRows = (members: Members): Row[] =>
  [...new Set(members.map(({ group }) => group))].map((group) => {
    const own = members.filter((member) => member.group === group);
    return [
      plain(group),
      plain(own[0]?.role ?? ""),
      own.length,
      counted(own.map((one) => one.lifecycleState)),
    ];
  });

/** `2 InService, 1 Pending:Wait` */
const counted = (words: readonly string[]): string =>
  [...new Set(words)]
    .map((word) => `${words.filter((each) => each === word).length} ${plain(word)}`)
    .join(", ");

const instanceRow = (member: Members[number], { agents, swarm, balancer }: Picture): Row => {
  const { instanceId } = member;
  const agent = find(agents, (all) => all.find((each) => each.instanceId === instanceId));
  const node = find(swarm, ({ nodes }) => nodes.find((each) => each.instanceId === instanceId));
  const place =
    balancer && find(balancer, ({ members }) => members.find((each) => each.instanceId === instanceId));
  return cells(
    instanceId,
    member.group,
    member.lifecycleState,
    member.healthy ? "healthy" : "unhealthy",
    said(agent, ({ online }) => (online ? "online" : "offline")),
    said(node, ({ state, availability }) => `${state} ${availability}`),
    place ? said(place, ({ standing }) => standing) : "",
  );
};

type Found<T> = { known: boolean; value?: T | undefined };

const find = <T, U>(part: Part<T>, choose: (value: T) => U | undefined): Found<U> =>
  part.known ? { known: true, value: choose(part.value) } : { known: false };

/** What is not there is told from what is not known. */
const said = <T>({ known, value }: Found<T>, words: (value: T) => string): string =>
  known ? (value === undefined ? "none" : words(value)) : "unknown";

const nodeRow = (node: Swarm["nodes"][number]): Row => [
  ...cells(node.nodeId, node.instanceId, node.address, node.leader ? "leader" : node.role),
  ...cells(
    node.reachability && node.reachability !== "reachable"
      ? `${node.state} ${node.reachability}`
      : node.state,
    node.retiring ? `${node.availability} retiring` : node.availability,
  ),
  node.running,
];

const serviceRow = (service: Swarm["services"][number]): Row => [
  ...cells(service.name, service.mode),
  service.replicas ?? "-",
  service.tasks.filter(({ state }) => state === "running").reduce((sum, { count }) => sum + count, 0),
  imageCell(service.image),
  ...cells(service.update.state, service.labels["hive.roll.id"] ?? ""),
];

const ownerOf = (balancer: Part<{ attached: boolean }>): string =>
  balancer.known && balancer.value.attached ? " (its group registers and deregisters)" : "";
