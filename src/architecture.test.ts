import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, sep } from 'node:path';
import { describe, expect, it } from 'vitest';

const source = import.meta.dirname;

/** The rows of the table with these columns in docs/architecture.md, each cell as text. */
function readTable(...columns: readonly string[]): readonly (readonly string[])[] {
  const page = readFileSync(join(source, '../docs/architecture.md'), 'utf8');
  const lines = page.split('\n').map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  const head = lines.findIndex((cells) => cells.join() === columns.join());
  if (head === -1) throw new Error(`docs/architecture.md has no table of ${columns.join(', ')}`);
  const rows = lines.slice(head + 2);
  return rows.slice(
    0,
    rows.findIndex((cells) => cells.length === 0),
  );
}

const readNames = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);

const rooms = readTable('room', 'holds', 'may import', 'runs in').map(([name = '', , allowed = '']) => {
  const typesOnly = readNames([...allowed.matchAll(/types of `[^`]+`/g)].join());
  const all = readNames(allowed);
  return {
    name: readNames(name)[0] ?? '',
    typesOnly,
    values: all.filter((each) => !typesOnly.includes(each)),
  };
});
/** What each room may import of ours. Every room may import itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  rooms.map(({ name, values }) => [name, values]),
);
/** Rooms that may import these only for their types. */
const TYPES_ONLY = rooms.flatMap(({ name, typesOnly }) => typesOnly.map((to) => ({ from: name, to })));
const KEPT_APART = readTable('files', 'must not import').flatMap(([files, barred]) =>
  readNames(files).flatMap((from) => readNames(barred).map((to) => ({ from, to }))),
);
/** Libraries that only an engine may touch, each in one file, loaded when used. */
const ENGINE_LIBRARIES = [
  '@wllama/wllama',
  '@mlc-ai/web-llm',
  '@huggingface/transformers',
  'onnxruntime-web',
];

interface Import {
  readonly file: string;
  readonly target: string;
  readonly typeOnly: boolean;
  readonly dynamic: boolean;
}

function listFiles(): string[] {
  return readdirSync(source, { recursive: true, encoding: 'utf8' })
    .map((path) => path.split(sep).join('/'))
    .filter((path) => /\.(ts|mjs|svelte)$/.test(path) && !path.startsWith('ui/messages/'));
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
const isThere = (path: string) => existsSync(join(source, path));
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

const isWithin = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`);

function explainCrossing({ file, target }: Import): readonly string[] {
  return KEPT_APART.filter(({ from, to }) => isWithin(file, from) && isWithin(target, to)).map(
    ({ from }) => `${file} must not import ${target}: a rule of ${from}`,
  );
}

/** The file that an import names, with or without its ending; undefined for a library or an asset. */
function findFile(target: string): string | undefined {
  const path = target.replace(/\?.*$/, '').replace(/\.js$/, '');
  return [path, `${path}.ts`, `${path}.svelte.ts`, `${path}.mjs`].find((each) => files.includes(each));
}

/** Circles of modules, each as the files on the way round. Imports of types count too. */
function findCycles(edges: readonly { readonly from: string; readonly to: string }[]): readonly string[] {
  const targets = new Map<string, string[]>();
  for (const { from, to } of edges) targets.set(from, [...(targets.get(from) ?? []), to]);
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' > '));
    if (path.includes(file) || done.has(file)) return;
    for (const to of targets.get(file) ?? []) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of targets.keys()) visit(file, []);
  return cycles;
}

const files = listFiles();
const imports = files.filter((file) => !/\.test\.(ts|mjs)$/.test(file)).flatMap(readImports);
const edges = imports.flatMap(({ file, target, dynamic }) => {
  const to = findFile(target);
  // A worker names its own script by an URL: that loads a file, it does not import one.
  return to === undefined || (dynamic && to === file) ? [] : [{ from: file, to }];
});

describe('the layout of docs/architecture.md', () => {
  it('has a row for each room, and a folder for each row', () => {
    const folders = readdirSync(source, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(rooms.map(({ name }) => name).sort()).toEqual(folders.map(({ name }) => name).sort());
    expect(KEPT_APART.length).toBeGreaterThan(0);
    for (const { from, to } of KEPT_APART) expect([from, to].filter((each) => !isThere(each))).toEqual([]);
    const listed = readTable('folder', 'holds').flatMap(([name]) => readNames(name));
    const domain = readdirSync(join(source, 'domain'), { withFileTypes: true });
    expect(listed.sort()).toEqual(
      domain
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => `domain/${name}`)
        .sort(),
    );
  });

  it('has no modules that import each other in a circle', () => {
    expect(edges.length).toBeGreaterThan(500);
    expect(findCycles(edges)).toEqual([]);
  });

  it('notices a circle, of two files and of three', () => {
    const chain = [
      { from: 'a', to: 'b' },
      { from: 'b', to: 'c' },
    ];
    expect(findCycles(chain)).toEqual([]);
    expect(findCycles([...chain, { from: 'b', to: 'a' }])).toEqual(['a > b > a']);
    expect(findCycles([...chain, { from: 'c', to: 'a' }])).toEqual(['a > b > c > a']);
  });

  it('keeps folders of a room apart that are to stay apart', () => {
    expect(imports.flatMap(explainCrossing)).toEqual([]);
    const wrong = {
      file: 'domain/graders/a.ts',
      target: 'domain/run/run',
      typeOnly: true,
      dynamic: false,
    };
    expect(explainCrossing(wrong)).toEqual([
      'domain/graders/a.ts must not import domain/run/run: a rule of domain/graders',
    ]);
  });

  it('reads `.mjs` and `.svelte.ts` too', () => {
    expect(edges.some(({ from }) => from.endsWith('.mjs'))).toBe(true);
    expect(edges.some(({ to }) => to.endsWith('.svelte.ts'))).toBe(true);
  });

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

  it('lets a backend of inference know nothing of decoding but what a backend is', () => {
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
        : !/^[a-z0-9.-]+\.(ts|mjs)$/.test(name);
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
