import type { GraderPorts } from '../../domain/graders/grader';
import { createSandbox, type Sandbox } from './sandbox';

/** A sandbox for one run or one grading: what a script of one set leaves behind must not meet the next set. */
export async function withSandbox<Result>(
  allowScripts: boolean | undefined,
  work: (ports: GraderPorts) => Promise<Result>,
): Promise<Result> {
  const sandbox = createSandbox();
  try {
    return await work(sandbox === undefined ? {} : choosePorts(sandbox, allowScripts));
  } finally {
    sandbox?.close();
  }
}

function choosePorts(
  { runRegex, findMatch, removeMatches, matchSchema, runScript }: Sandbox,
  allowScripts = false,
): GraderPorts {
  return { runRegex, findMatch, removeMatches, matchSchema, ...(allowScripts && { runScript }) };
}
