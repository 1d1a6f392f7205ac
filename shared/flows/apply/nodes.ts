// Nodes are mended by a manager: many edits in one command, each checked there against the node as it is then.
import type { Applier } from "./errand.ts";

export const mendNodes: Applier = async () => [];
