import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, sep } from 'node:path';
import { describe, expect, it } from 'vitest';

/** The table in DESIGN.md: what each room may import of ours. Every room may import itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  storage: ['domain'],
  inference: [],
  engines: ['domain', 'inference'],
  worker: ['domain', 'storage', 'engines'],
  app: ['domain', 'storage', 'worker/client'],
  ui: ['domain', 'app'],
};
/** Rooms that may import these only for their types. */
const TYPES_ONLY = [
  { from: 'ui', to: 'domain' },
  { from: 'app', to: 'worker/protocol' },
];
/** Rules inside a room: files of `from` must not import files of `to`. */
const APART = [
  { from: 'inference/decoding', to: 'inference/cpu' },
  { from: 'inference/decoding', to: 'inference/gpu' },
  { from: 'inference/cpu', to: 'inference/gpu' },
  { from: 'inference/gpu', to: 'inference/cpu' },
];
/** Libraries that only an engine may touch, each in one file, loaded when used. */
const ENGINE_LIBRARIES = [
  '@wllama/wllama',
  '@mlc-ai/web-llm',
  '@huggingface/transformers',
  'onnxruntime-web',
];

const source = import.meta.dirname;

interface Import {
  readonly file: string;
  readonly target: string;
  readonly typeOnly: boolean;
  readonly dynamic: boolean;
}

function listFiles(): string[] {
  return readdirSync(source, { recursive: true, encoding: 'utf8' })
    .map((path) => path.split(sep).join('/'))
    .filter((path) => /\.(ts|svelte)$/.test(path) && !path.startsWith('ui/messages/'));
}

function readImports(file: string): Import[] {
  const code = readFileSync(join(source, file), 'utf8');
  const statements = code.matchAll(
    /^\s*(?:import|export)\s+(?<type>type\s)?(?:[^'"`;]*?\sfrom\s+)?['"](?<target>[^'"]+)['"]/gm,
  );
  const dynamics = code.matchAll(/(?:import\(\s*|new URL\(\s*)['"](?<target>[^'"]+)['"]/g);
  const resolve = (target: string) =>
    target.startsWith('.')
      ? normalize(join(dirname(file), target))
          .split(sep)
          .join('/')
      : target;
  return [
    ...[...statements].map(({ groups }) => ({
      file,
      target: resolve(groups?.['target'] ?? ''),
      typeOnly: groups?.['type'] !== undefined,
      dynamic: false,
    })),
    ...[...dynamics]
      .filter(
        ({ groups }) =>
          groups?.['target']?.startsWith('.') === true || !/^\.*\//.test(groups?.['target'] ?? ''),
      )
      .map(({ groups }) => ({
        file,
        target: resolve(groups?.['target'] ?? ''),
        typeOnly: false,
        dynamic: true,
      })),
  ];
}

const roomOf = (path: string) => path.split('/')[0] ?? '';
const isOurs = (path: string) => roomOf(path) in MAY_IMPORT;

function explainWrongImport({ file, target, typeOnly }: Import): string | undefined {
  const from = roomOf(file);
  const to = roomOf(target);
  if (!isOurs(target) || from === to || !isOurs(file)) return undefined;
  const allowed = MAY_IMPORT[from]?.some((room) => target === room || target.startsWith(`${room}/`)) ?? false;
  const typesOnly = TYPES_ONLY.some((rule) => rule.from === from && (target + '/').startsWith(`${rule.to}/`));
  if (typesOnly) return typeOnly ? undefined : `${file} may import only types from ${target}`;
  return allowed ? undefined : `${file} must not import ${target}`;
}

const files = listFiles();
const imports = files.filter((file) => !file.endsWith('.test.ts')).flatMap(readImports);

describe('the layout of DESIGN.md', () => {
  it('reads imports at all', () => {
    expect(imports.length).toBeGreaterThan(100);
    expect(new Set(files.map(roomOf).filter((room) => room in MAY_IMPORT)).size).toBeGreaterThanOrEqual(6);
  });

  it('lets each room import only what its row allows', () => {
    expect(imports.flatMap((each) => explainWrongImport(each) ?? [])).toEqual([]);
  });

  it('notices a wrong import', () => {
    const wrong = { file: 'domain/run.ts', target: 'storage/run-store', typeOnly: false, dynamic: false };
    expect(explainWrongImport(wrong)).toBe('domain/run.ts must not import storage/run-store');
    const value = { file: 'ui/parts/A.svelte', target: 'domain/run', typeOnly: false, dynamic: false };
    expect(explainWrongImport(value)).toBe('ui/parts/A.svelte may import only types from domain/run');
  });

  it('keeps decoding and the backends of inference apart', () => {
    const wrong = imports.filter(({ file, target }) =>
      APART.some(({ from, to }) => file.startsWith(`${from}/`) && target.startsWith(`${to}/`)),
    );
    expect(wrong).toEqual([]);
    const seam = imports.filter(
      ({ file, target }) => /^inference\/[cg]pu\//.test(file) && target.startsWith('inference/decoding/'),
    );
    expect(new Set(seam.map(({ target }) => target))).toEqual(new Set(['inference/decoding/backend']));
  });

  it('keeps client.ts to the protocol and the domain', () => {
    const wrong = imports.filter(
      ({ file, target }) =>
        file === 'worker/client.ts' &&
        isOurs(target) &&
        roomOf(target) !== 'domain' &&
        !/^worker\/(protocol|engine\.worker)/.test(target),
    );
    expect(wrong).toEqual([]);
  });

  it('loads engine libraries only in engines/, one a file, and only when opened', () => {
    for (const library of ENGINE_LIBRARIES) {
      const users = imports.filter(({ target }) => target === library || target.startsWith(`${library}/`));
      expect(users.filter(({ file }) => roomOf(file) !== 'engines')).toEqual([]);
      expect(new Set(users.map(({ file }) => file)).size).toBeLessThanOrEqual(1);
      const eager = users.filter(
        ({ target, typeOnly, dynamic }) => !typeOnly && !dynamic && !target.endsWith('?url'),
      );
      expect(eager).toEqual([]);
    }
  });

  it('has nothing but main.ts outside the rooms', () => {
    const loose = files.filter((file) => !isOurs(file));
    expect(loose.sort()).toEqual(['architecture.test.ts', 'globals.d.ts', 'main.ts', 'service-worker.ts']);
  });

  it('uses kebab-case for files and PascalCase for components', () => {
    const wrong = files.filter((file) => {
      const name = file.split('/').at(-1) ?? '';
      return name.endsWith('.svelte')
        ? !/^[A-Z][A-Za-z]+\.svelte$/.test(name)
        : !/^[a-z0-9.-]+\.ts$/.test(name);
    });
    expect(wrong).toEqual([]);
  });

  it('has no default exports, enums or barrels', () => {
    const wrong = files.filter((file) => {
      const code = readFileSync(join(source, file), 'utf8');
      return (
        /^export default/m.test(code) ||
        /^\s*(export )?(const )?enum /m.test(code) ||
        /^export \* from/m.test(code)
      );
    });
    expect(wrong).toEqual([]);
  });
});
