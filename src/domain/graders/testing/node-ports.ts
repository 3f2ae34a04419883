import { createContext, Script } from 'node:vm';
import { toFault } from '../../fault';
import { chooseMatch } from '../parts/find-match';
import { matchSchema } from '../parts/json-schema';
import { buildScriptBody } from '../parts/script';
import type { GraderPorts, PortReply } from '../grader';

const LIMIT_MS = 500;
const sandbox = createContext({});
const search = new Script('new RegExp(input.pattern, input.flags).exec(input.text)?.[0] ?? null');
const matchAll = new Script(
  `JSON.stringify(Array.from(input.text.matchAll(new RegExp(input.pattern, 'g' + input.flags)),
    (found) => (found.length === 1 ? [found[0]] : found.slice(1).map((group) => group ?? ''))))`,
);
const removeAll = new Script("input.text.replace(new RegExp(input.pattern, 'g' + input.flags), '')");

/** What a browser gives graders through its sandbox, for tests in Node: bounded in time, but no lock on foreign code. */
export const nodePorts = {
  runRegex: (pattern, flags, text) =>
    reply(() => {
      sandbox['input'] = { pattern, flags, text };
      const found: unknown = search.runInContext(sandbox, { timeout: LIMIT_MS });
      return typeof found === 'string' ? found : null;
    }),
  findMatch: (pattern, flags, text, at) =>
    reply(() => {
      sandbox['input'] = { pattern, flags, text };
      const found: unknown = matchAll.runInContext(sandbox, { timeout: LIMIT_MS });
      return chooseMatch(JSON.parse(String(found)) as string[][], at);
    }),
  removeMatches: (pattern, flags, text) =>
    reply(() => {
      sandbox['input'] = { pattern, flags, text };
      return String(removeAll.runInContext(sandbox, { timeout: LIMIT_MS }));
    }),
  matchSchema: (schema, texts) => reply(() => matchSchema(schema, texts)),
  runScript: (source, output, variables) =>
    reply(async () => {
      const body = buildScriptBody(source, (text) => {
        try {
          new Script(`(function (output, context) { ${text}\n})`);
          return true;
        } catch {
          return false;
        }
      });
      sandbox['input'] = { output, context: { vars: variables } };
      const script = new Script(`(function (output, context) { ${body}\n})(input.output, input.context)`);
      const result: unknown = await script.runInContext(sandbox, { timeout: LIMIT_MS });
      return result === undefined ? undefined : (JSON.parse(JSON.stringify(result)) as unknown);
    }),
} satisfies GraderPorts;

async function reply<Value>(work: () => Value | Promise<Value>): Promise<PortReply<Value>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    const fault = toFault(error);
    const detail = 'detail' in fault ? fault.detail : '';
    if (/timed out/.test(detail)) return { ok: false, code: 'timeout', detail };
    return { ok: false, code: fault.kind === 'bad-input' ? 'bad-options' : 'threw', detail };
  }
}
