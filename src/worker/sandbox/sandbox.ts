import * as v from 'valibot';
import type { GraderPorts, PortReply } from '../../domain/graders/grader';
import { MAX_RESULT_CHARACTERS, type SandboxJob, type SandboxWork } from './sandbox-protocol';

/** What graders need that must not run here: the pattern, schema and script of a foreign set. */
export interface Sandbox extends Required<
  Pick<GraderPorts, 'runRegex' | 'findMatch' | 'removeMatches' | 'matchSchema' | 'runScript'>
> {
  /** Ends its workers and what they are doing; the next job starts new ones. */
  close(): void;
}

interface SandboxLimits {
  readonly patternMs: number;
  readonly scriptMs: number;
  readonly startMs: number;
  readonly characters: number;
}

const LIMITS: SandboxLimits = { patternMs: 300, scriptMs: 1_000, startMs: 10_000, characters: 200_000 };
/** A reply may be waiting behind the timer, when this thread has been busy. */
const GRACE_MS = 20;
/** A pattern or script that was stopped so often is not tried on the next answer. */
const MAX_STOPS = 3;

const text = (max: number) => v.pipe(v.string(), v.maxLength(max));
const messageSchema = v.variant('type', [
  v.strictObject({ type: v.literal('ready'), waysOut: v.array(text(100)) }),
  v.strictObject({ type: v.literal('done'), id: v.number(), json: text(MAX_RESULT_CHARACTERS) }),
  v.strictObject({
    type: v.literal('failed'),
    id: v.number(),
    code: v.picklist(['too-large', 'bad-options', 'threw']),
    detail: text(400),
  }),
]);

const groupsSchema = v.array(v.string());

/**
 * The side of whoever grades. Patterns and schemas have a worker of their own, which no script has touched; workers
 * start with the first job.
 * @returns undefined where workers cannot be started
 */
export function createSandbox(
  startWorker: (() => Worker) | undefined = typeof Worker === 'undefined' ? undefined : startSandboxWorker,
  limits: SandboxLimits = LIMITS,
): Sandbox | undefined {
  // A browser whose workers cannot start workers.
  if (startWorker === undefined) return undefined;
  const patterns = createLane(startWorker, limits.patternMs, limits);
  const scripts = createLane(startWorker, limits.scriptMs, limits);
  return {
    async runRegex(pattern, flags, input) {
      const reply = await patterns.run(
        { kind: 'regex', pattern, flags, text: input },
        `${flags} ${pattern}`,
        input.length,
      );
      return narrow(reply, (value) => (typeof value === 'string' ? value : null));
    },
    async findMatch(pattern, flags, input, at) {
      const work = { kind: 'match', pattern, flags, text: input, at } as const;
      const reply = await patterns.run(work, `${flags} ${pattern}`, input.length);
      return narrow(reply, (value) => (v.is(groupsSchema, value) ? value : null));
    },
    async removeMatches(pattern, flags, input) {
      const work = { kind: 'remove', pattern, flags, text: input } as const;
      const reply = await patterns.run(work, `${flags} ${pattern}`, input.length);
      return narrow(reply, (value) => (typeof value === 'string' ? value : input));
    },
    async matchSchema(schema, texts) {
      const size = texts.reduce((sum, each) => sum + each.length, 0);
      const reply = await patterns.run({ kind: 'schema', schema, texts }, JSON.stringify(schema), size);
      return narrow(reply, (value) => (typeof value === 'number' ? value : null));
    },
    runScript(source, output, variables) {
      const size = typeof output === 'string' ? output.length : JSON.stringify(output).length;
      return scripts.run({ kind: 'script', source, output, variables }, source, source.length + size);
    },
    close() {
      patterns.close();
      scripts.close();
    },
  };
}

function narrow<Value>(reply: PortReply<unknown>, read: (value: unknown) => Value): PortReply<Value> {
  return reply.ok ? { ok: true, value: read(reply.value) } : reply;
}

interface Waiting {
  readonly job: SandboxJob;
  readonly key: string;
  readonly resolve: (reply: PortReply<unknown>) => void;
}

interface Lane {
  /** @param key equal for jobs of one pattern or script */
  run(work: SandboxWork, key: string, characters: number): Promise<PortReply<unknown>>;
  close(): void;
}

/** One worker and the jobs it has been given, which it does in their order. */
function createLane(startWorker: () => Worker, limitMs: number, limits: SandboxLimits): Lane {
  let worker: Worker | undefined;
  let isReady = false;
  let isLocked = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let nextId = 1;
  let queue: Waiting[] = [];
  const stops = new Map<string, number>();

  function end(): void {
    clearTimeout(timer);
    worker?.terminate();
    worker = undefined;
    isReady = false;
  }

  function failAll(detail: string): void {
    end();
    const all = queue;
    queue = [];
    for (const { resolve } of all) resolve({ ok: false, code: 'not-available', detail });
  }

  function start(): void {
    const started = startWorker();
    worker = started;
    started.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
      if (worker === started) receive(data);
    });
    started.addEventListener('error', ({ message }) => {
      if (worker === started) failAll(message);
    });
    timer = setTimeout(() => {
      failAll('the sandbox did not start');
    }, limits.startMs);
  }

  function receive(data: unknown): void {
    const { success, output: message } = v.safeParse(messageSchema, data);
    const [first] = queue;
    if (!success) {
      failAll('the sandbox said what it must not');
    } else if (message.type === 'ready') {
      isReady = true;
      isLocked = message.waysOut.length === 0;
      for (const waiting of [...queue]) send(waiting);
      watch();
    } else if (first?.job.id === message.id) {
      queue.shift();
      watch();
      first.resolve(readReply(message));
    }
  }

  function send({ job, resolve }: Waiting): void {
    if (job.kind === 'script' && !isLocked) {
      queue = queue.filter((each) => each.job !== job);
      resolve({ ok: false, code: 'not-available', detail: 'the sandbox is not locked' });
    } else worker?.postMessage(job);
  }

  /** Gives the job whose turn it is its time. */
  function watch(): void {
    clearTimeout(timer);
    const [first] = queue;
    if (first === undefined) return;
    timer = setTimeout(() => {
      timer = setTimeout(() => {
        stop(first);
      }, GRACE_MS);
    }, limitMs);
  }

  function stop(first: Waiting): void {
    end();
    stops.set(first.key, (stops.get(first.key) ?? 0) + 1);
    queue.shift();
    first.resolve({ ok: false, code: 'timeout', detail: `${limitMs} ms` });
    const isHopeless = ({ key }: Waiting) => (stops.get(key) ?? 0) >= MAX_STOPS;
    for (const { resolve } of queue.filter(isHopeless)) resolve({ ok: false, code: 'timeout', detail: '' });
    queue = queue.filter((each) => !isHopeless(each));
    if (queue.length > 0) start();
  }

  return {
    run(work, key, characters) {
      if (characters > limits.characters)
        return Promise.resolve({ ok: false, code: 'too-large', detail: '' });
      if ((stops.get(key) ?? 0) >= MAX_STOPS)
        return Promise.resolve({ ok: false, code: 'timeout', detail: '' });
      return new Promise((resolve) => {
        const waiting: Waiting = { job: { ...work, id: nextId++ }, key, resolve };
        queue.push(waiting);
        if (worker === undefined) start();
        else if (isReady) {
          send(waiting);
          if (queue[0] === waiting) watch();
        }
      });
    },
    close() {
      failAll('closed');
      stops.clear();
    },
  };
}

function readReply(
  message: Exclude<v.InferOutput<typeof messageSchema>, { type: 'ready' }>,
): PortReply<unknown> {
  if (message.type === 'failed') return { ok: false, code: message.code, detail: message.detail };
  return { ok: true, value: message.json === '' ? undefined : (JSON.parse(message.json) as unknown) };
}

function startSandboxWorker(): Worker {
  return new Worker(new URL('./sandbox.worker.ts', import.meta.url), { type: 'module', name: 'sandbox' });
}
