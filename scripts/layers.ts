// The layers of tests, and where a run of each writes down what it used of the roles' permissions.
import { join } from "node:path";

export const LAYERS = ["unit", "flows", "sandbox"] as const;
export type Layer = (typeof LAYERS)[number];

/** Emptied when the layer is run as a whole; runs of single files write nothing. */
export const recordOf = (layer: Layer): string => join(import.meta.dirname, "../coverage/permissions", layer);

/** The file in it that says: this was the whole layer, to its end. */
export const WHOLE = "whole";
