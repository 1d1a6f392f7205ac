// Tells each test as it ends: tests on a real swarm take minutes, and jest itself speaks only when a file is done.
export default class LiveReporter {
  onTestCaseResult(_test, { fullName, status, duration, failureMessages }) {
    if (status === "pending") return;
    const mark = status === "passed" ? "✓" : "✕";
    process.stdout.write(`  ${mark} ${fullName} (${((duration ?? 0) / 1000).toFixed(1)} s)\n`);
    for (const message of failureMessages) process.stdout.write(`${message.replace(/^/gm, "      ")}\n`);
  }
}
