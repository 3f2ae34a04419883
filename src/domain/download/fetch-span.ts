import { FaultError, throwIfStopped, toFault } from '../fault';
import type { RangeAnswer } from './remote-file';
import { choosePause } from './retry';
import type { ShardLayout } from './shard-layout';

/** Bytes of a file from `start` up to, not including, `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

interface SpanPorts {
  readonly openRange: (start: number, end: number, signal: AbortSignal) => Promise<RangeAnswer>;
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

interface SpanListener {
  /** Before anything of the answer is taken. */
  readonly onAnswer: (answer: RangeAnswer) => Promise<void>;
  readonly onBytes: (count: number) => void;
  readonly onPart: (start: number, part: Blob) => Promise<void>;
}

/**
 * Fetches a span part by part. A connection that is cut is taken up where it was cut.
 * @param restartsAt where an answer may begin other than at the byte that was asked for, given that byte
 * @throws FaultError `download` or `stopped`, and what the listener throws
 */
export async function fetchSpan(
  { start, end }: Span,
  source: string,
  layout: ShardLayout,
  restartsAt: (position: number) => number,
  ports: SpanPorts,
  signal: AbortSignal,
  listener: SpanListener,
): Promise<void> {
  let position = start;
  let part: Uint8Array<ArrayBuffer>[] = [];
  let partStart = start;
  const take = async (bytes: Uint8Array<ArrayBuffer>) => {
    for (let rest = bytes; rest.length > 0;) {
      const partEnd = Math.min(end, layout.partEnd(partStart));
      const taken = rest.subarray(0, partEnd - position);
      part.push(taken);
      position += taken.length;
      listener.onBytes(taken.length);
      rest = rest.subarray(taken.length);
      if (position < partEnd) continue;
      await listener.onPart(partStart, new Blob(part));
      part = [];
      partStart = position;
    }
  };
  for (let attempt = 0; position < end;) {
    const before = position;
    try {
      const answer = await ports.openRange(position, end, signal);
      await listener.onAnswer(answer);
      if (answer.start !== position && answer.start !== restartsAt(position)) {
        const detail = 'the host no longer answers for parts of the file';
        throw new FaultError({ kind: 'download', url: source, status: 200, detail });
      }
      let at = answer.start;
      for await (const chunk of answer.body) {
        throwIfStopped(signal);
        const fresh = chunk.subarray(Math.max(0, position - at));
        at += chunk.length;
        await take(fresh.subarray(0, end - position));
        if (at > end) break;
      }
      if (position < end) {
        const detail = `the answer ended ${end - position} bytes early`;
        throw new FaultError({ kind: 'download', url: source, detail });
      }
    } catch (error) {
      throwIfStopped(signal);
      if (position > before) attempt = 0;
      const pauseMs = choosePause(toFault(error), attempt++);
      if (pauseMs === undefined) throw error;
      await ports.pause(pauseMs, signal);
    }
  }
}
