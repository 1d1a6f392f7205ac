// Nothing refers to a resource that is not there, whichever parts a deployment chooses: CloudFormation would tell only then.
import { isObject, type Json, type Rule, type Template } from "./template.ts";

type Choice = Readonly<Record<string, string>>;
/** Conditions that hold, or do not, wherever the walk has come to. */
type Context = readonly (readonly [condition: string, holds: boolean])[];

export const references: Rule = (template) => {
  const walker = new Walker(template);
  for (const [id, { Condition, Properties = {} }] of Object.entries(template.Resources))
    walker.walk(id, Properties, Condition === undefined ? [] : [[Condition, true]]);
  for (const [id, output] of Object.entries(template.Outputs ?? {})) {
    const { Condition, ...rest } = output as { [key: string]: Json };
    walker.walk(`output ${id}`, rest, Condition === undefined ? [] : [[String(Condition), true]]);
  }
  return [...walker.problems];
};

class Walker {
  readonly problems = new Set<string>();
  readonly #template: Template;

  constructor(template: Template) {
    this.#template = template;
  }

  walk(id: string, value: Json, context: Context): void {
    if (Array.isArray(value)) for (const each of value) this.walk(id, each, context);
    if (!isObject(value)) return;
    const { Ref, "Fn::GetAtt": attribute, "Fn::Sub": text, "Fn::If": choice } = value;
    if (typeof Ref === "string") this.#refer(id, Ref, context);
    if (attribute !== undefined) this.#refer(id, String([attribute].flat()[0]).split(".")[0] ?? "", context);
    for (const [, name = ""] of String([text ?? ""].flat()[0]).matchAll(/\$\{([A-Za-z0-9]+)(?:\.[^}]*)?\}/g))
      this.#refer(id, name, context);
    if (Array.isArray(choice)) {
      const [name, then = null, otherwise = null] = choice;
      this.walk(id, then, [...context, [String(name), true]]);
      this.walk(id, otherwise, [...context, [String(name), false]]);
    } else for (const each of Object.values(value)) this.walk(id, each, context);
  }

  #refer(id: string, target: string, context: Context): void {
    const condition = this.#template.Resources[target]?.Condition;
    if (condition === undefined) return;
    const names = [condition, ...context.map(([name]) => name)];
    const unknown = names.find((name) => !Object.hasOwn(this.#template.Conditions ?? {}, name));
    if (unknown !== undefined) {
      this.problems.add(`${id}: asks for the condition ${unknown}, which there is not`);
      return;
    }
    for (const choice of this.#choices(names))
      if (context.every(([name, holds]) => this.#holds(name, choice) === holds)) {
        if (this.#holds(condition, choice)) continue;
        const chosen = Object.entries(choice).map(([name, value]) => `${name}=${value || '""'}`);
        this.problems.add(
          `${id}: refers to ${target}, which is not there with ${chosen.join(", ")}; give both the same condition, or choose with Fn::If`,
        );
        return;
      }
  }

  #holds(condition: string, choice: Choice): boolean {
    const judge = (value: Json | undefined): boolean => {
      const [[operator = "", argument] = []] = Object.entries(value ?? {});
      const list = [argument ?? []].flat() as Json[];
      if (operator === "Condition") return this.#holds(String(argument), choice);
      if (operator === "Fn::Not") return !judge(list[0]);
      if (operator === "Fn::And") return list.every(judge);
      if (operator === "Fn::Or") return list.some(judge);
      const [left, right] = list.map((each) => (isObject(each) ? choice[String(each.Ref)] : String(each)));
      return left === right;
    };
    return judge(this.#template.Conditions?.[condition]);
  }

  /** Every choice of the parameters that these conditions ask for: each value that they are compared with, and one that is none. */
  #choices(names: readonly string[]): Choice[] {
    const values = new Map<string, Set<string>>();
    const collect = (value: Json | undefined): void => {
      if (Array.isArray(value)) for (const each of value) collect(each);
      if (!isObject(value)) return;
      if (typeof value.Condition === "string") collect(this.#template.Conditions?.[value.Condition]);
      const compared = value["Fn::Equals"];
      if (!Array.isArray(compared)) for (const each of Object.values(value)) collect(each);
      else
        for (const [one, other] of [compared, compared.toReversed()])
          if (isObject(one ?? null) && !isObject(other ?? null)) {
            const parameter = String((one as { Ref?: Json }).Ref);
            values.set(parameter, (values.get(parameter) ?? new Set(["another"])).add(String(other)));
          }
    };
    for (const name of names) collect(this.#template.Conditions?.[name]);
    return [...values].reduce<Choice[]>(
      (choices, [parameter, each]) =>
        choices.flatMap((choice) => [...each].map((value) => ({ ...choice, [parameter]: value }))),
      [{}],
    );
  }
}
