// A client of the SDK that answers as told and remembers what it was asked: one call in, one answer out, no network.

export interface Asked {
  /** The operation, such as `SendCommand`. */
  operation: string;
  input: Record<string, unknown>;
}

type Answers = Readonly<Record<string, unknown | ((input: never) => unknown)>>;

/** An answer that is an error is thrown, one that is a function is asked with the input. */
export const clientThat = <Client>(answers: Answers): { client: Client; asked: Asked[] } => {
  const asked: Asked[] = [];
  const send = async (command: { constructor: { name: string }; input: Record<string, unknown> }) => {
    const operation = command.constructor.name.replace(/Command$/, "");
    asked.push({ operation, input: command.input });
    if (!(operation in answers)) throw new Error(`Nobody said what ${operation} answers`);
    const answer = answers[operation];
    const given = typeof answer === "function" ? answer(command.input as never) : answer;
    if (given instanceof Error) throw given;
    return given;
  };
  return { client: { send } as unknown as Client, asked };
};

/** An error as the SDK throws it: the wire's code is its name. */
export const awsError = (name: string, message = name): Error => Object.assign(new Error(message), { name });
