import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { runImport } from '../../domain/sets/import-task';
import { fetchRows, fetchText, listSplits } from '../../worker/import/set-source';
import { Importer, type ImportStep } from './importer.svelte';

const makeImporter = (rowsUrl?: string) =>
  new Importer({
    language: 'ru',
    steps: {
      run: async (task) => Promise.resolve(structuredClone(task)).then(runImport),
      fetchText,
      listSplits: (dataset) => listSplits(dataset, rowsUrl),
      fetchRows: (split, most, _signal, onRows) => fetchRows(split, most, onRows, rowsUrl),
    },
  });
const file = (name: string, text: string) => ({
  name,
  size: text.length,
  text: () => Promise.resolve(text),
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

  it('says what is wrong and stays where it was', async () => {
    const importer = makeImporter();
    await importer.readText('nothing at all');
    expect(importer.fault).toMatchObject({ kind: 'bad-input' });
    expect(importer.step).toEqual({ kind: 'source' });
    expect(importer.busy).toBe(false);
    await importer.readFiles([{ name: 'big', size: 1e9, text: () => Promise.reject(new Error('unread')) }]);
    expect(importer.fault).toMatchObject({ kind: 'bad-input', what: 'big' });
    await importer.readUrl('ftp://x');
    expect(importer.fault).toMatchObject({ kind: 'bad-input', what: 'set address' });
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
