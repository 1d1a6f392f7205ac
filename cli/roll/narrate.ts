// From the events of a roll's execution to what a person is told of it.
import type { Event } from "@aws-sdk/client-lambda";
import { beginStory, narrate as narrateFlow, type Story as StoryOf, type Told } from "../follow/narrate.ts";
import type { Known } from "./news.ts";
import { rollNarrator } from "./steps.ts";

export type Story = StoryOf<Known>;

export const noStory: Story = beginStory(rollNarrator);

export const narrate = (story: Story, event: Event): { story: Story; told: Told[] } =>
  narrateFlow(rollNarrator, story, event);
