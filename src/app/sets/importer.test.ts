import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { runImport } from '../../domain/sets/import-task';
import { fetchExamples, fetchRows, fetchText, listSplits } from '../../worker/import/set-source';
import { Importer, type ImportStep } from './importer.svelte';

const makeImporter = (rowsUrl?: string) =>
  new Importer({
    language: 'ru',
    steps: {
      run: async (task) => Promise.resolve(structuredClone(task)).then(runImport),
      fetchText,
      listSplits: (dataset) => listSplits(dataset, rowsUrl),
      fetchRows: (split, most, _signal, onRows) => fetchRows(split, most, onRows, rowsUrl),
      fetchExamples: (split, task, questions, _signal, onRows) =>
        fetchExamples(split, task, questions, onRows, rowsUrl),
    },
  });
const file = (name: string, text: string) => ({
  name,
  size: text.length,
  text: () => Promise.resolve(text),
  arrayBuffer: () => Promise.resolve(new TextEncoder().encode(text).buffer),
});
/** As a folder gives it. */
const inFolder = (path: string, text: string) => ({
  ...file(path.split('/').at(-1) ?? '', text),
  webkitRelativePath: path,
});

const TASK = `task: mine
dataset_path: owner/data
dataset_name: main
doc_to_text: '{{q}}'
doc_to_target: '{{a}}'
output_type: generate_until
`;
const ROWS = '{"q":"2+2?","a":"4"}\n{"q":"3+3?","a":"6"}\n';

function previewOf(step: ImportStep) {
  if (step.kind !== 'preview') throw new Error(`expected a preview, found ${step.kind}`);
  return step;
}

describe('Importer', () => {
  it('reads a known format at once, and lets its facts be corrected', async () => {
    const importer = makeImporter();
    await importer.readText('{"question":"2+2?","answer":"two and two: #### 4"}', 'math.jsonl');
    const { imported, formatLabel } = previewOf(importer.step);
    expect(formatLabel).toMatch(/GSM8K/i);
    expect(imported.testSet).toMatchObject({ title: 'math', language: 'ru' });
    importer.changeFacts({ title: 'Mine', language: 'en' });
    expect(previewOf(importer.step).imported.testSet).toMatchObject({ title: 'Mine', language: 'en' });
  });

  it('asks which column is what, and shows the first rows as they will be', async () => {
    const importer = makeImporter();
    await importer.readFiles([file('t.csv', 'frage,antwort\nzwei?,2\ndrei?,3\nvier?,4\nohne,\n')]);
    expect(importer.step).toMatchObject({
      kind: 'mapping',
      columns: ['frage', 'antwort'],
      mapping: { prompt: 'frage', answer: 'antwort' },
    });
    expect(importer.mapped).toEqual([
      { prompt: 'zwei?', choices: [], graders: 'number 2' },
      { prompt: 'drei?', choices: [], graders: 'number 3' },
      { prompt: 'vier?', choices: [], graders: 'number 4' },
    ]);
    importer.changeMapping({ prompt: 'antwort', answer: 'frage' });
    expect(importer.mapped[0]).toMatchObject({ prompt: '2', graders: 'icontains "zwei?"' });
    importer.changeMapping({ prompt: 'frage', answer: 'antwort' });
    await importer.applyMapping();
    const { imported } = previewOf(importer.step);
    expect(imported.testSet.cases).toHaveLength(3);
    expect(imported.notes).toMatchObject([{ code: 'skipped-rows', count: 1 }]);
  });

  it('asks for the rows of a task of lm-eval, or takes them along', async () => {
    const importer = makeImporter();
    await importer.readText(TASK, 'mine.yaml');
    expect(importer.step).toMatchObject({ kind: 'rows', dataset: { path: 'owner/data', name: 'main' } });
    await importer.addRows(file('rows.jsonl', ROWS));
    expect(previewOf(importer.step).imported.testSet.cases).toMatchObject([
      { prompt: '2+2?' },
      { prompt: '3+3?' },
    ]);

    const together = makeImporter();
    await together.readFiles([file('rows.jsonl', ROWS), file('mine.yaml', TASK)]);
    expect(previewOf(together.step).imported.testSet.cases).toHaveLength(2);
  });

  it('fetches the rows of a task from the Hub', async () => {
    const server = createServer((request, response) => {
      const isRows = request.url?.startsWith('/rows') === true;
      const split = { dataset: 'owner/data', split: 'test' };
      const splits = [
        { ...split, config: 'other' },
        { ...split, config: 'main' },
      ];
      const rows = [{ row_idx: 0, row: { q: '2+2?', a: '4' } }];
      response.end(JSON.stringify(isRows ? { rows } : { splits }));
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const importer = makeImporter(`http://127.0.0.1:${address.port}/`);
    await importer.readText(TASK, 'mine.yaml');
    await importer.findSplits('owner/data');
    const { step } = importer;
    // The task names one of the two.
    expect(step).toMatchObject({ kind: 'split', splits: [{ config: 'main' }] });
    const [part] = step.kind === 'split' ? step.splits : [];
    if (part === undefined) throw new Error('no part');
    await importer.fetchSplit(part, 10);
    expect(previewOf(importer.step).imported.testSet.cases).toMatchObject([{ prompt: '2+2?' }]);
    server.close();
  });

  it('asks for the part that examples come from, or takes it along, or fetches it', async () => {
    const task = `${TASK}num_fewshot: 1\ntest_split: test\nfewshot_split: train\n`;
    const examples = '{"q":"1+1?","a":"2"}\n';
    const prompts = ({ step }: Importer) =>
      previewOf(step).imported.testSet.cases.map(({ prompt }) => prompt);
    const wanted = ['1+1? 2\n\n2+2?', '1+1? 2\n\n3+3?'];

    const importer = makeImporter();
    await importer.readText(task, 'mine.yaml');
    await importer.addRows(file('test.jsonl', ROWS));
    expect(importer.step).toMatchObject({ kind: 'examples', part: 'train', questions: 2 });
    await importer.addRows(file('train.jsonl', examples));
    expect(prompts(importer)).toEqual(wanted);

    const together = makeImporter();
    await together.readFiles([
      file('my-train.jsonl', examples),
      file('mine.yaml', task),
      file('my-test.jsonl', ROWS),
    ]);
    expect(prompts(together)).toEqual(wanted);

    const server = createServer((request, response) => {
      const url = new URL(request.url ?? '', 'http://x');
      const part = url.searchParams.get('split');
      const rows = (part === 'train' ? examples : ROWS).trim().split('\n');
      const splits = ['train', 'test'].map((split) => ({ dataset: 'owner/data', config: 'main', split }));
      const shown = rows.map((row) => ({ row: JSON.parse(row) as unknown }));
      response.end(JSON.stringify(part === null ? { splits } : { rows: shown, num_rows_total: rows.length }));
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const url = `http://127.0.0.1:${address.port}/`;
    const fromHub = makeImporter(url);
    await fromHub.readText(task, 'mine.yaml');
    await fromHub.findSplits('owner/data');
    // What the task asks stands first.
    expect(fromHub.step).toMatchObject({ kind: 'split', splits: [{ split: 'test' }, { split: 'train' }] });
    await fromHub.fetchSplit({ dataset: 'owner/data', config: 'main', split: 'test' }, 10);
    expect(prompts(fromHub)).toEqual(wanted);

    const half = makeImporter(url);
    await half.readText(task, 'mine.yaml');
    await half.addRows(file('test.jsonl', ROWS));
    await half.findExamples();
    expect(prompts(half)).toEqual(wanted);
    server.close();
  });

  it('says what is wrong and stays where it was', async () => {
    const importer = makeImporter();
    await importer.readText('{"question": }');
    expect(importer.fault).toMatchObject({ kind: 'bad-input', at: { line: 1, column: 14, found: '}' } });
    expect(importer.step).toEqual({ kind: 'source' });
    expect(importer.busy).toBe(false);
    const unread = () => Promise.reject(new Error('unread'));
    for (const name of ['big.json', 'big.zip']) {
      await importer.readFiles([{ name, size: 1e9, text: unread, arrayBuffer: unread }]);
      expect(importer.fault).toMatchObject({ what: 'large file', detail: `${name} (954 MB)` });
    }
    await importer.readFiles([inFolder('set/picture.png', ''), inFolder('set/.git/config.json', '')]);
    expect(importer.fault).toMatchObject({ what: 'choice of files' });
    await importer.readFiles(Array.from({ length: 2_001 }, (_, index) => inFolder(`set/${index}.json`, '')));
    expect(importer.fault).toMatchObject({ what: 'many files', detail: '2001' });
    await importer.readUrl('ftp://x');
    expect(importer.fault).toMatchObject({ kind: 'bad-input', what: 'set address' });
  });

  const CONFIG = 'prompts: [file://p/one.txt]\ntests: file://t.csv\n';
  const CSV = 'q,__expected\nwhy,contains:x\n';

  it('asks for the files that a configuration refers to, one after the other or all at once', async () => {
    const importer = makeImporter();
    await importer.readFiles([file('promptfooconfig.yaml', CONFIG)]);
    expect(importer.step).toEqual({ kind: 'files', missing: ['t.csv', 'p/one.txt'] });
    await importer.addFiles([file('one.txt', 'Say {{q}}')]);
    expect(importer.step).toEqual({ kind: 'files', missing: ['t.csv'] });
    await importer.addFiles([file('t.csv', CSV)]);
    expect(previewOf(importer.step).imported).toMatchObject({ testSet: { cases: [{ prompt: 'Say why' }] } });
    expect(previewOf(importer.step).imported.missing).toBeUndefined();

    const together = makeImporter();
    await together.readFiles([
      inFolder('set/t.csv', CSV),
      inFolder('set/p/one.txt', 'Ask {{q}}'),
      inFolder('set/promptfooconfig.yaml', CONFIG),
      inFolder('set/node_modules/x/promptfooconfig.yaml', CONFIG),
    ]);
    expect(previewOf(together.step).imported.testSet.cases).toMatchObject([{ prompt: 'Ask why' }]);
  });

  it('reads a set again with what was missing of it', async () => {
    const importer = makeImporter();
    const config = 'prompts: ["{{q}}"]\ntests: [{ vars: { q: a } }, { vars: { q: file://b.txt } }]\n';
    await importer.readText(config, 'promptfooconfig.yaml');
    expect(previewOf(importer.step).imported.missing).toEqual(['b.txt']);
    await importer.addFiles([file('b.txt', 'b')]);
    expect(previewOf(importer.step).imported.testSet.cases).toMatchObject([{ prompt: 'a' }, { prompt: 'b' }]);
  });

  it('asks which of several files is the set', async () => {
    const importer = makeImporter();
    await importer.readFiles([
      file('one.csv', 'question,answer\n1,2\n'),
      file('two.csv', 'question,answer\n3,4\n'),
    ]);
    expect(importer.step).toEqual({ kind: 'choose', paths: ['one.csv', 'two.csv'] });
    await importer.chooseMain('two.csv');
    expect(importer.step).toMatchObject({ kind: 'mapping', rows: [{ question: '3' }] });
  });

  it('takes part of what has too many rows', async () => {
    const rows = Array.from({ length: 20_001 }, (_, n) => `{"question":"${n}+1?","answer":"#### ${n + 1}"}`);
    const importer = makeImporter();
    await importer.readText(rows.join('\n'), 'big.jsonl');
    expect(importer.step).toEqual({ kind: 'limit', rows: 20_001 });
    await importer.takePart({ count: 3 });
    expect(previewOf(importer.step).imported.testSet).toMatchObject({
      source: expect.stringMatching(/; 3 first rows$/) as unknown,
      cases: [{ prompt: '0+1?' }, { prompt: '1+1?' }, { prompt: '2+1?' }],
    });

    const table = makeImporter();
    await table.readText(`frage,antwort\n${'a,b\n'.repeat(20_001)}`, 'big.csv');
    expect(table.step).toEqual({ kind: 'limit', rows: 20_001 });
    await table.takePart({ count: 2, seed: 7 });
    expect(table.step).toMatchObject({ kind: 'mapping', columns: ['frage', 'antwort'] });
    await table.applyMapping();
    expect(previewOf(table.step).imported.testSet).toMatchObject({
      source: expect.stringMatching(/; 2 rows drawn with seed 7$/) as unknown,
      cases: [{ prompt: 'a' }, { prompt: 'a' }],
    });
  });

  it('reads a plain text as it is told to', async () => {
    const importer = makeImporter();
    await importer.readText('Who, then?\nWhy, or why not?\n\nWhen?\n', 'notes.txt');
    expect(importer.step).toEqual({
      kind: 'text',
      cuts: {
        lines: { count: 3, first: ['Who, then?', 'Why, or why not?', 'When?'] },
        paragraphs: { count: 2, first: ['Who, then?\nWhy, or why not?', 'When?'] },
        whole: { count: 1, first: ['Who, then?\nWhy, or why not?\n\nWhen?'] },
      },
    });
    await importer.readAsText('paragraphs');
    expect(previewOf(importer.step).imported).toMatchObject({
      notes: [{ code: 'no-assertion', count: 2 }],
      testSet: { title: 'notes', cases: [{ prompt: 'Who, then?\nWhy, or why not?' }, { prompt: 'When?' }] },
    });

    const table = makeImporter();
    await table.readText('one;two\nthree;four\n', 'list.txt');
    expect(table.step).toMatchObject({ kind: 'mapping', isPlainText: true });
    await table.readAsText('ask');
    expect(table.step).toMatchObject({ kind: 'text', cuts: { lines: { count: 2 } } });
  });

  it('reads 5,000 rows', async () => {
    const importer = makeImporter();
    const text = [...Array(5_000).keys()]
      .map((n) => JSON.stringify({ question: `${n}+1?`, answer: `#### ${n + 1}` }))
      .join('\n');
    await importer.readText(text, 'big.jsonl');
    expect(previewOf(importer.step).imported.testSet.cases).toHaveLength(5_000);
  });
});
