// Reads settings one by one from the environment of a function and collects everything that is wrong with them.

/** Names and values as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

export class SettingsReader {
  /** Each with the way to mend it. */
  readonly problems: string[] = [];
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  text(name: string, pattern: RegExp, example: string): string {
    const value = this.#environment[name] ?? "";
    if (!pattern.test(value))
      this.problems.push(`${name} is ${JSON.stringify(value)}; give it a value such as ${example}`);
    return value;
  }

  optional(name: string, pattern: RegExp, example: string): string | undefined {
    return this.#environment[name] ? this.text(name, pattern, example) : undefined;
  }

  /** @returns NaN when it is none: then no comparison with it holds, and no second problem comes of it. */
  whole(name: string, low: number, high: number): number {
    const text = this.#environment[name];
    const value = Number(text || Number.NaN);
    if (Number.isInteger(value) && value >= low && value <= high) return value;
    this.problems.push(
      `${name} is ${JSON.stringify(text ?? "")}; give it a whole number from ${low} to ${high}`,
    );
    return Number.NaN;
  }

  /** Comma separated. @param what for example `group`. */
  names(name: string, pattern: RegExp, what: string, example: string): string[] {
    const list = (this.#environment[name] ?? "")
      .split(",")
      .map((part) => part.trim())
      .filter(Boolean);
    if (list.length === 0)
      this.problems.push(`${name} is empty; name at least one ${what}, such as ${example}`);
    for (const part of list)
      if (!pattern.test(part)) this.problems.push(`${name} holds no ${what} name: ${JSON.stringify(part)}`);
    return list;
  }

  oneOf<Choice extends string>(name: string, choices: readonly Choice[], otherwise: Choice): Choice {
    const value = this.#environment[name];
    const found = choices.find((choice) => choice === value);
    if (!found) {
      const words = `${choices.slice(0, -1).join(", ")} or ${choices.at(-1)}`;
      this.problems.push(`${name} is ${JSON.stringify(value ?? "")}; choose ${words}`);
    }
    return found ?? otherwise;
  }

  /** A regular expression that must match the whole of a tag. */
  expression(name: string, example: string): RegExp {
    const text = this.#environment[name] ?? "";
    try {
      // By itself first: parentheses that close more than they open would let a part of a tag match.
      if (text !== "") return new RegExp(`^(?:${new RegExp(text).source})$`);
      this.problems.push(`${name} is empty; give it a regular expression such as ${example}`);
    } catch (error) {
      const because = error instanceof Error ? error.message : String(error);
      this.problems.push(`${name} is no regular expression: ${because}; give it one such as ${example}`);
    }
    return /^$/;
  }
}
