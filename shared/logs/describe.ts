// One line about a host's logs that a person can read at 3 a.m.

import type { Judgement } from "./verdicts.ts";

export const describe = (judgement: Judgement): string => {
  const { files } = judgement;
  const fragments = files.flatMap(({ verdict }) =>
    verdict.kind === "fragment" ? [verdict.fragmentBytes] : [],
  );
  const rest =
    fragments.length === 0
      ? ""
      : `, but for ${sum(fragments)} bytes without a newline at the end of ${count(fragments.length)}`;
  if (judgement.flushed) return `Flushed: filebeat shipped all of ${count(files.length)}${rest}.`;
  const help = judgement.waitingHelps ? "" : " Waiting will not help.";
  return `NOT flushed: ${judgement.reasons.join("; ")}${rest}.${help}`;
};

const count = (files: number): string => (files === 1 ? "1 file" : `${files} files`);

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
