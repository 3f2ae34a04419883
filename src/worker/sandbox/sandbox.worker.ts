import { FaultError } from '../../domain/fault';
import { matchSchema } from '../../domain/graders/parts/json-schema';
import { findMatch } from '../../domain/graders/parts/find-match';
import { buildScriptBody } from '../../domain/graders/parts/script';
import { lockGlobals } from './lock-globals';
import { MAX_RESULT_CHARACTERS, type SandboxJob, type SandboxMessage } from './sandbox-protocol';

/**
 * Where patterns, schemas and scripts of foreign sets run. Whoever started it ends it when it takes too long. It has no
 * way out: the service worker serves this file under a policy that allows no request and no import, and before any
 * foreign code runs everything but the language itself is taken from the global object.
 */

// Kept before foreign code can change them.
const post = self.postMessage.bind(self) as (message: SandboxMessage) => void;
const listen = self.addEventListener.bind(self);
const stringify = JSON.stringify.bind(JSON);
const compile = Function;

let last: Promise<void> = Promise.resolve();

async function open(): Promise<void> {
  const waysOut = [...(await listOpenWays()), ...lockGlobals()];
  listen('message', ({ data }: MessageEvent<SandboxJob>) => {
    // One after the other: whoever waits measures the time from reply to reply.
    last = last.then(() => answer(data));
  });
  post({ type: 'ready', waysOut });
}

/** What the policy should have stopped, as on a page without its service worker: `import()` cannot be taken away. */
async function listOpenWays(): Promise<readonly string[]> {
  // Put together here, so that the bundler does not take it for a part of the page.
  const empty = ['data:text/javascript', ''].join(',');
  const ways = { import: () => import(/* @vite-ignore */ empty), fetch: () => fetch('data:,') };
  const tried = Object.entries(ways).map(async ([name, go]) => {
    try {
      await go();
      return [name];
    } catch {
      return [];
    }
  });
  return (await Promise.all(tried)).flat();
}

async function answer(job: SandboxJob): Promise<void> {
  try {
    const json = stringify(await work(job)) as string | undefined;
    if (json !== undefined && json.length > MAX_RESULT_CHARACTERS) {
      post({ type: 'failed', id: job.id, code: 'too-large', detail: '' });
    } else post({ type: 'done', id: job.id, json: json ?? '' });
  } catch (error) {
    const isUnreadable = error instanceof FaultError && error.fault.kind === 'bad-input';
    post({
      type: 'failed',
      id: job.id,
      code: isUnreadable ? 'bad-options' : 'threw',
      detail: describe(error),
    });
  }
}

function work(job: SandboxJob): unknown {
  switch (job.kind) {
    case 'regex':
      return new RegExp(job.pattern, job.flags).exec(job.text)?.[0].slice(0, 200) ?? null;
    case 'match':
      return findMatch(job.pattern, job.flags, job.text, job.at);
    case 'remove':
      return job.text.replace(new RegExp(job.pattern, `g${job.flags}`), '');
    case 'schema':
      return matchSchema(job.schema, job.texts);
    case 'script':
      return runScript(job.source, job.output, job.variables);
  }
}

/** A script that cannot be read is the set's fault; one that throws says something of the answer. */
function runScript(source: string, output: unknown, variables: Readonly<Record<string, unknown>>): unknown {
  const body = buildScriptBody(source, (text) => build(text) !== undefined);
  const script = build(body);
  if (script === undefined) {
    throw new FaultError({ kind: 'bad-input', what: 'javascript', detail: 'the script cannot be read' });
  }
  return script(output, { vars: { ...variables }, prompt: variables['prompt'] });
}

function build(body: string): ((output: unknown, context: unknown) => unknown) | undefined {
  try {
    return compile('output', 'context', body) as (output: unknown, context: unknown) => unknown;
  } catch {
    return undefined;
  }
}

/** What was thrown can be anything, and asking it can throw again. */
function describe(error: unknown): string {
  try {
    const text: unknown = error instanceof Error ? error.message : error;
    return typeof text === 'string' ? text.slice(0, 200) : '';
  } catch {
    return '';
  }
}

void open();
