// What reaches a terminal: progress with signs of life, and texts that it cannot be commanded by.
import { createProgress } from "../../cli/terminal/progress.ts";
import { cut, folded, json, plain, plainLines, shellWord } from "../../cli/terminal/text.ts";

const progressOn = (columns: number | undefined) => {
  let written = "";
  let now = 1_000_000;
  const progress = createProgress({
    write: (text) => {
      written += text;
    },
    now: () => now,
    columns: () => columns,
  });
  return {
    progress,
    /** Time passes, and with it a tick each quarter of a second. */
    wait: (seconds: number) => {
      for (let quarter = 0; quarter < seconds * 4; quarter++) {
        now += 250;
        progress.tick();
      }
    },
    written: () => {
      const text = written;
      written = "";
      return text;
    },
  };
};

/** Colours depend on where the tests run. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they begin with the control character
const uncoloured = (text: string): string => text.replace(/\u001b\[\d+m/g, "");

describe("progress in a file", () => {
  it("is a line for each piece of news, with the seconds in front", () => {
    const { progress, written } = progressOn(undefined);
    progress.title("Roll roll-1 began");
    progress.line(3.14, "hosts hold the image: 3 of 3");
    progress.line(124, "bad news", "bad");
    expect(written()).toBe("Roll roll-1 began\n   3.1s  hosts hold the image: 3 of 3\n 124.0s  bad news\n");
  });

  it("shows within two seconds that it is alive, and then every ten", () => {
    const { progress, wait, written } = progressOn(undefined);
    progress.doing("tasks are watched");
    wait(1.25);
    expect(written()).toBe("");
    wait(0.5);
    expect(written()).toBe("   1.5s  … tasks are watched (2 s)\n");
    wait(24);
    expect(written().match(/\n/g)).toHaveLength(2);
  });

  it("is quiet again after news, and while nothing is waited for", () => {
    const { progress, wait, written } = progressOn(undefined);
    wait(30);
    progress.doing("tasks are watched");
    wait(1);
    progress.line(1, "1 of 3 tasks run 1.4.2");
    written();
    wait(1);
    expect(written()).toBe("");
    progress.doing("");
    wait(30);
    expect(written()).toBe("");
  });

  it("counts on from what was told last where this machine's clock is behind", () => {
    const { progress, wait, written } = progressOn(undefined);
    progress.countFrom(1_000_000 + 60_000);
    progress.line(42, "news");
    progress.doing("tasks are watched");
    wait(2);
    expect(written()).toContain("  42.0s  … tasks are watched");
  });
});

describe("progress on a terminal", () => {
  it("is one line that is written anew, no longer than the terminal, and gone before the next news", () => {
    const { progress, wait, written } = progressOn(30);
    progress.doing("a manager is asked which services run it");
    wait(3);
    const signs = uncoloured(written()).split("\r\u001b[2K").slice(1);
    expect(signs.length).toBeGreaterThan(3);
    for (const sign of signs) expect(sign).toMatch(/^ {3}[\d.]+s {2}… a manager is aske…$/);
    progress.line(3, "run by hive-web");
    expect(uncoloured(written())).toBe("\r\u001b[2K   3.0s  run by hive-web\n");
    progress.clear();
    expect(written()).toBe("");
  });
});

describe("a text that is folded", () => {
  it("keeps each word, and lines no longer than the terminal unless a word is", () => {
    expect(folded("a cause with a good many words", 12)).toEqual(["a cause with", "a good many", "words"]);
    expect(folded("an extraordinarily long word", 8)).toEqual(["an", "extraordinarily", "long", "word"]);
    expect(folded("", 8)).toEqual([""]);
  });
});

describe("a text from elsewhere", () => {
  it("commands no terminal", () => {
    expect(
      plain("\u001b]0;title\u0007red \u001b[31malert\u001b[0m\r\nnext\u009b2J \u202eright to left\u2028"),
    ).toBe("red alert next right to left");
    expect(plainLines("one\r\n\n \u0000two\n")).toEqual(["one", "two"]);
    expect(cut("12345", 4)).toBe("123…");
    expect(cut("1234", 4)).toBe("1234");
  });

  it("is the same in JSON, without control characters", () => {
    const value = { text: "a\u001bb\u009bc\u007fd\u2028e" };
    const text = json(value);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is the point
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028]/);
    expect(JSON.parse(text)).toEqual(value);
  });

  it("is one word for a shell, and nothing of it is expanded", () => {
    expect(shellWord("hive-tomcat@sha256:12")).toBe("hive-tomcat@sha256:12");
    expect(shellWord("--why=it's $(id)")).toBe("'--why=it'\\''s $(id)'");
    expect(shellWord("")).toBe("''");
  });
});
