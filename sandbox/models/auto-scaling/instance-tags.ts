// The tags that instances carry. A group gives its own to what it launches; from then on they are the instance's, whatever becomes
// of its membership: one that is detached keeps them, and one that is attached by hand gets none (facts A12).

interface Tagged {
  readonly tags: Readonly<Record<string, string>>;
  terminated: boolean;
}

export class InstanceTags {
  readonly #tagged = new Map<string, Tagged>();

  launched(instanceId: string, tags: ReadonlyMap<string, string>): void {
    this.#tagged.set(instanceId, { tags: Object.fromEntries(tags), terminated: false });
  }

  terminated(instanceId: string): void {
    const found = this.#tagged.get(instanceId);
    if (found) found.terminated = true;
  }

  /** Also of one that is terminated: EC2 shows it for a while. Empty for one that no group launched. */
  of(instanceId: string): Readonly<Record<string, string>> {
    return this.#tagged.get(instanceId)?.tags ?? {};
  }

  /** Those that are not terminated and carry the tag with one of these values, in the order of their launch. */
  carrying(key: string, values: readonly string[]): string[] {
    return [...this.#tagged].flatMap(([instanceId, { tags, terminated }]) =>
      !terminated && values.includes(tags[key] ?? "\0") ? [instanceId] : [],
    );
  }
}
