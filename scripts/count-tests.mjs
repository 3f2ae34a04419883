// Adds up what vitest and Playwright wrote to reports/ and prints "N passed, N failed" as the last line.
// Usage: node scripts/count-tests.mjs EXIT_STATUS   (of the command that ran them)
import { existsSync, readFileSync } from 'node:fs';

const status = Number(process.argv[2] ?? 0);
const read = (file) => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined);

const unit = read('reports/unit.json');
const gpu = read('reports/gpu.json');
const e2e = read('reports/e2e.json');
const stages = read('reports/stages.json')?.failed ?? [];
const passed =
  (unit?.numPassedTests ?? 0) +
  (gpu?.numPassedTests ?? 0) +
  (e2e?.stats.expected ?? 0) +
  (e2e?.stats.flaky ?? 0);
const failedTests = {
  unit: unit?.numFailedTests ?? 0,
  gpu: gpu?.numFailedTests ?? 0,
  e2e: e2e?.stats.unexpected ?? 0,
};
// A stage without tests of its own (lint, types, build), or that fell before it could count any, counts as one.
const failedStages = stages.filter((name) => !failedTests[name]).length;
let failed = failedTests.unit + failedTests.gpu + failedTests.e2e + failedStages;
if (status !== 0 && failed === 0) failed = 1;

/** Suites that could not run here, each once, with the reason in its name. */
const skipped = new Map();
for (const { status: outcome, ancestorTitles } of (gpu?.testResults ?? []).flatMap(
  (file) => file.assertionResults,
)) {
  const [suite = ''] = ancestorTitles;
  if (outcome === 'skipped' && suite.includes('(no ')) skipped.set(suite, (skipped.get(suite) ?? 0) + 1);
}
for (const [suite, count] of skipped) console.log(`skipped ${count}: ${suite}`);

const specs = (suite) => [...(suite.specs ?? []), ...(suite.suites ?? []).flatMap(specs)];
for (const spec of (e2e?.suites ?? []).flatMap(specs)) {
  if (spec.tests.some(({ status: outcome }) => outcome === 'flaky'))
    console.log(`passed at the second try: ${spec.title}`);
  for (const { type, description } of spec.tests.flatMap((test) => test.annotations ?? [])) {
    console.log(`${spec.title}: ${type}: ${description}`);
  }
}
console.log(`${passed} passed, ${failed} failed`);
