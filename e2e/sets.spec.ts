import type { Page } from '@playwright/test';
import { strToU8, zipSync } from 'fflate';
import { mkdirSync, writeFileSync } from 'node:fs';
import { expectAccessible, expectAccessibleEverywhere } from './accessible';
import {
  expect,
  gradedRows,
  openIsolated,
  run,
  shortenAnswers,
  visitedTest as test,
  waitForGraded,
} from './site';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { startHub } from './hub-stand-in.mjs';

const PROMPTFOO = `description: Two sums
prompts:
  - 'Answer with a number. {{question}}'
tests:
  - vars: { question: 'What is two plus two?' }
    assert:
      - { type: icontains, value: '4' }
  - vars: { question: 'What is three plus three?' }
    assert:
      - { type: icontains, value: '6' }
`;
const SCRIPTED = `prompts: ['{{question}}']
tests:
  - vars: { question: 'Say yes.' }
    assert:
      - { type: javascript, value: 'output.length > 0' }
`;
const CSV = `frage;antwort;thema
"Was ist 2+2?";4;sums
"Was ist 3+3?";6;sums
"Was ist 4+4?";8;sums
`;
const textFile = (name: string, text: string) => ({
  name,
  mimeType: 'text/plain',
  buffer: Buffer.from(text),
});

async function openSets(page: Page, url: string): Promise<void> {
  await openIsolated(page, url);
  await page.getByRole('link', { name: 'Tests', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Tests' })).toBeVisible();
}

async function importText(page: Page, name: string, text: string): Promise<void> {
  await page.getByRole('button', { name: 'Import', exact: true }).click();
  await page.getByLabel('From a file').setInputFiles(textFile(name, text));
}

function card(page: Page, title: string) {
  return page.locator('main li').filter({ hasText: title });
}

test('imports a promptfoo configuration, runs it, edits a grader and regrades without the model', async ({
  page,
  site,
}) => {
  await openSets(page, site.url);
  await importText(page, 'sums.yaml', PROMPTFOO);
  await expect(page.getByText(/promptfoo.*, 2 questions/)).toBeVisible();
  await expect(page.getByText('What is two plus two?')).toBeVisible();
  await page.getByLabel('Title').fill('My sums');
  await page.getByLabel('Title').blur();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Saved: My sums')).toBeVisible();
  await card(page, 'My sums').getByRole('button', { name: 'Use' }).click();

  await expect(page.getByLabel('Test', { exact: true })).toHaveValue(/.+/);
  await shortenAnswers(page);
  await run(page);
  await waitForGraded(page, 2);
  await expect(page.locator('.status')).toContainText(/of 2 correct/);
  await expect(gradedRows(page).first()).toContainText(/Right|Wrong/);

  await page.getByRole('link', { name: 'Tests', exact: true }).click();
  await card(page, 'My sums').getByRole('button', { name: 'Edit' }).click();
  const requests = site.requests.length;
  for (const index of [0, 1]) {
    await page.locator('.cases .row').nth(index).click();
    // Every answer holds what no letter is asked of.
    await page.getByLabel('The answer is').selectOption('regex');
    await page.getByLabel('Expected', { exact: true }).fill('[^]*');
    await expect(page.getByText('Saved on this device')).toBeVisible();
  }
  await page.getByRole('button', { name: /^Regrade/ }).click();
  await expect(page.getByText(/Right: \d before, 2 now, of 2/)).toBeVisible();
  expect(site.requests.slice(requests).filter((path) => path.endsWith('.bin'))).toEqual([]);

  // The set and the choice are still there after a reload.
  await page.goto(site.url);
  await expect(page.getByLabel('Test', { exact: true })).toContainText('My sums');
  await expect(page.locator('main ol')).toContainText('What is two plus two?');
});

/** Another origin, with files that other pages may read, below `/open/`, and such that they may not. */
async function serveOthers() {
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    const headers: Record<string, string> = path.startsWith('/open/')
      ? { 'Access-Control-Allow-Origin': '*' }
      : {};
    if (path.endsWith('/sums.yaml')) response.writeHead(200, headers).end(PROMPTFOO);
    else response.writeHead(path.endsWith('/busy.yaml') ? 503 : 404, headers).end();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

test('imports from an address of another host, and says why it cannot', async ({ page, site }) => {
  const others = await serveOthers();
  const host = new URL(others.url).host;
  await openSets(page, site.url);
  await page.getByRole('button', { name: 'Import', exact: true }).click();
  const fetchFrom = async (address: string) => {
    await page.getByLabel('From an address').fill(address);
    await page.getByRole('button', { name: 'Fetch', exact: true }).click();
  };
  const alert = page.getByRole('alert');
  await fetchFrom(`${others.url}closed/sums.yaml`);
  await expect(alert).toContainText(`${host} cannot be reached, or does not let other pages read this`);
  await fetchFrom(`${others.url}open/missing.yaml`);
  await expect(alert).toContainText('The host has no such thing');
  await fetchFrom(`${others.url}open/busy.yaml`);
  await expect(alert).toContainText('did not give this out: HTTP 503');
  await fetchFrom(`${others.url}open/sums.yaml`);
  await expect(page.getByText(/promptfoo.*, 2 questions/)).toBeVisible();
  await expect(page.getByText('What is two plus two?')).toBeVisible();
  others.close();
  await page.getByRole('button', { name: 'Start over' }).click();
  await fetchFrom(`${others.url}open/sums.yaml`);
  await expect(alert).toContainText(`${host} cannot be reached`);
});

test('imports a data set from the Hub, page after page', async ({ page, site }) => {
  const rows = Array.from({ length: 130 }, (_, index) => ({
    question: `What is ${index} plus 1?`,
    answer: `#### ${index + 1}`,
  }));
  const hub = await startHub({}, { datasets: { 'owner/sums': rows } });
  await openSets(page, `${site.url}?hub=${encodeURIComponent(hub.url)}`);
  await page.getByRole('button', { name: 'Import', exact: true }).click();
  const find = async (name: string) => {
    await page.getByLabel('A data set on Hugging Face').fill(name);
    await page.getByRole('button', { name: 'Find', exact: true }).click();
  };
  await find('owner/nothing');
  await expect(page.getByRole('alert')).toContainText('The host has no such thing');
  await find('owner/sums');
  await page.getByRole('button', { name: 'Fetch', exact: true }).click();
  await expect(page.getByText(/GSM8K.*, 130 questions/)).toBeVisible();
  expect(hub.requests.filter(({ path }) => path === '/rows')).toHaveLength(2);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText(/^Saved: /)).toBeVisible();
  await hub.close();
});

const SPLIT_CONFIG = `prompts: [file://prompts/ask.txt]
tests: file://tests/sums.csv
`;
const SPLIT_CSV = 'question,__expected\nWhat is two plus two?,contains:4\nWhat is one plus one?,contains:2\n';

test('imports a configuration in several files: asked for, as a folder, as an archive, dropped', async ({
  page,
  site,
}) => {
  const panel = page.locator('main .panel');
  const expectWhole = async () => {
    await expect(panel).toContainText(/promptfoo.*, 2 questions/);
    await expect(panel).toContainText('Sum: What is two plus two?');
  };
  await openSets(page, site.url);
  await importText(page, 'promptfooconfig.yaml', SPLIT_CONFIG);
  await expect(panel).toContainText('Nothing can be asked without these files');
  await expect(panel.locator('code')).toHaveText(['tests/sums.csv', 'prompts/ask.txt']);
  await expectAccessible(page, 'files that are missing');
  await page.getByLabel('Add files').setInputFiles([textFile('sums.csv', SPLIT_CSV)]);
  await expect(panel.locator('code')).toHaveText(['prompts/ask.txt']);
  await page.getByLabel('Add files').setInputFiles([textFile('ask.txt', 'Sum: {{question}}')]);
  await expectWhole();

  const folder = test.info().outputPath('set');
  for (const [path, text] of Object.entries({
    'promptfooconfig.yaml': SPLIT_CONFIG,
    'prompts/ask.txt': 'Sum: {{question}}',
    'tests/sums.csv': SPLIT_CSV,
    'node_modules/x/promptfooconfig.yaml': PROMPTFOO,
  })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  await page.getByRole('button', { name: 'Start over' }).click();
  await page.getByLabel('From a folder').setInputFiles(folder);
  await expectWhole();

  const archive = zipSync({
    'set/promptfooconfig.yaml': strToU8(SPLIT_CONFIG),
    'set/prompts/ask.txt': strToU8('Sum: {{question}}'),
    'set/tests/sums.csv': strToU8(SPLIT_CSV),
  });
  const zip = (bytes: Uint8Array) => ({
    name: 'set.zip',
    mimeType: 'application/zip',
    buffer: Buffer.from(bytes),
  });
  await page.getByRole('button', { name: 'Start over' }).click();
  await page.getByLabel('From a file').setInputFiles(zip(archive));
  await expectWhole();
  await page.getByRole('button', { name: 'Start over' }).click();
  await page.getByLabel('From a file').setInputFiles(zip(zipSync({ '../out.json': strToU8('{}') })));
  await expect(page.getByRole('alert')).toContainText('leads out of it');

  const dropped = await page.evaluateHandle(
    ([config, prompt, csv]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([config], 'promptfooconfig.yaml'));
      transfer.items.add(new File([prompt], 'ask.txt'));
      transfer.items.add(new File([csv], 'sums.csv'));
      return transfer;
    },
    [SPLIT_CONFIG, 'Sum: {{question}}', SPLIT_CSV] as const,
  );
  await page.locator('main').dispatchEvent('drop', { dataTransfer: dropped });
  await expectWhole();
});

test('says where JSON breaks, and how a plain text and a large file can be read', async ({ page, site }) => {
  const panel = page.locator('main .panel');
  await openSets(page, site.url);
  await importText(page, 'broken.json', '[\n  { "question": "2+2?" "answer": "4" }\n]');
  await expect(page.getByRole('alert')).toContainText('from line 2, column 24 on: “"answer": "4" }”');
  await page
    .getByLabel('From a file')
    .setInputFiles(textFile('notes.txt', 'Is water wet?\nWhy, or why not?\n'));
  await expect(panel).toContainText('What is a question?');
  await expect(page.getByLabel('Each line: 2')).toBeChecked();
  await expectAccessible(page, 'a plain text');
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(panel).toContainText('TXT, 2 questions');
  await expect(panel).toContainText('Questions without a check, which stay ungraded: 2');

  await page.getByRole('button', { name: 'Start over' }).click();
  const rows = Array.from({ length: 20_002 }, (_, n) => `{"question":"${n}+1?","answer":"#### ${n + 1}"}`);
  await page.getByLabel('From a file').setInputFiles(textFile('big.jsonl', rows.join('\n')));
  await expect(panel).toContainText('20,002 rows: a set holds at most 20,000');
  await page.getByLabel('A random sample').check();
  await page.getByLabel('How many').fill('50');
  await page.getByLabel('Seed').fill('7');
  await expectAccessible(page, 'too many rows');
  await page.getByRole('button', { name: 'Take them' }).click();
  await expect(panel).toContainText(/GSM8K.*, 50 questions/);
});

test('maps the columns of a table that nobody knows', async ({ page, site }) => {
  await openSets(page, site.url);
  await importText(page, 'fragen.csv', CSV);
  await expect(page.getByText('Say which column is what', { exact: false })).toBeVisible();
  await page.getByRole('combobox', { name: 'Question', exact: true }).selectOption('frage');
  await page.getByRole('combobox', { name: 'Right answer', exact: true }).selectOption('antwort');
  await page.getByRole('combobox', { name: 'Tags', exact: true }).selectOption('thema');
  await expect(page.getByText('Was ist 3+3?')).toBeVisible();
  await expect(page.locator('code').first()).toHaveText('number 4');
  await page.getByRole('combobox', { name: 'How it is graded', exact: true }).selectOption('icontains');
  await expect(page.locator('code').first()).toHaveText('icontains "4"');
  await page.getByRole('button', { name: 'Continue with these columns' }).click();
  await expect(page.getByText(/, 3 questions/)).toBeVisible();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(card(page, 'fragen')).toContainText('sums');

  const download = page.waitForEvent('download');
  await card(page, 'fragen').getByText('Export').click();
  await card(page, 'fragen')
    .getByRole('button', { name: /promptfoo/ })
    .click();
  expect((await download).suggestedFilename()).toMatch(/\.yaml$/);
  await card(page, 'fragen').getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('button', { name: 'Yes, delete' }).click();
  await expect(card(page, 'fragen')).toHaveCount(0);
});

test('opens a link to a generated set, varies it, and uses it', async ({ page, site }) => {
  await openIsolated(page, site.url);
  await page.goto(`${site.url}#set=zebra.2.en.7.5`);
  await expect(page.getByLabel('Questions', { exact: true })).toHaveValue('5');
  const preview = page.locator('.panel ol > li');
  await expect(preview).toHaveCount(3);
  const before = await preview.first().textContent();
  await page.getByLabel('Seed').fill('8');
  await page.getByLabel('Seed').blur();
  await expect(preview.first()).not.toHaveText(before ?? '');
  await page.locator('.panel').getByRole('button', { name: 'Use' }).click();
  await expect(page.getByLabel('Test', { exact: true })).toHaveValue('gen-zebra-8-5-2-en');
  await expect(page.locator('main ol > li')).toHaveCount(5);
});

test('edits a copy of a bundled set: undo, keyboard, autosave, a case tried on the model', async ({
  page,
  site,
}) => {
  await openSets(page, site.url);
  await card(page, 'Logic EN').first().getByRole('button', { name: 'Edit a copy' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Logic EN (copy)' })).toBeVisible();
  const rows = page.locator('.cases .row');
  await expect(rows).toHaveCount(24);
  const [first, second] = await rows.allTextContents();
  await rows.first().focus();
  await page.keyboard.press('Alt+ArrowDown');
  await expect(rows.nth(1)).toBeFocused();
  await expect(rows.nth(1)).toContainText((first ?? '').replace(/^\s*1\s*/, '').trim());
  await page.keyboard.press('Control+z');
  await expect(rows.first()).toContainText((first ?? '').replace(/^\s*1\s*/, '').trim());
  await page.keyboard.press('Control+Shift+z');
  await expect(rows.first()).toContainText((second ?? '').replace(/^\s*2\s*/, '').trim());

  await rows.first().click();
  await page.getByLabel('Question', { exact: true }).fill('Is water wet? Answer yes or no.');
  await page.getByRole('button', { name: 'Duplicate' }).click();
  await expect(rows).toHaveCount(25);
  await expect(page.getByText('Saved on this device')).toBeVisible();
  await page.reload();
  await expect(rows).toHaveCount(25);
  await expect(rows.first()).toContainText('Is water wet?');

  await rows.first().click();
  await page.getByRole('button', { name: 'Try on the model' }).click();
  await waitForGraded(page, 1);
  await page.getByRole('link', { name: 'Results', exact: true }).click();
  await expect(page.getByText('Nothing here yet.', { exact: false })).toBeVisible();
});

test('shows the code of a set before a run, and runs it only after a yes', async ({ page, site }) => {
  await openSets(page, site.url);
  await importText(page, 'code.yaml', SCRIPTED);
  await expect(page.getByText(/bring code/)).toBeVisible();
  await page.getByRole('button', { name: 'Save and use' }).click();
  await shortenAnswers(page);
  await run(page);
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('output.length > 0');
  await expectAccessible(page, 'the code of a set');
  await dialog.getByRole('button', { name: 'Run without it' }).click();
  await waitForGraded(page, 1);
  await expect(gradedRows(page).first()).toContainText('Not graded');
  await page.getByRole('button', { name: 'Run again' }).click();
  await dialog.getByRole('button', { name: 'Allow for this run' }).click();
  await expect(gradedRows(page).first()).toContainText('Right');
});

test('asks anew before a run with code of its own goes on', async ({ page, site }) => {
  const rows = Array.from(
    { length: 30 },
    (_, index) => `  - { vars: { question: 'Tell a story of ${index} mice.' } }`,
  );
  const code = `prompts: ['{{question}}']
defaultTest:
  assert:
    - { type: javascript, value: 'output.length > 0' }
tests:
${rows.join('\n')}
`;
  await openSets(page, site.url);
  await importText(page, 'code.yaml', code);
  await page.getByRole('button', { name: 'Save and use' }).click();
  await shortenAnswers(page, 24);
  await run(page);
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Allow for this run' }).click();
  await waitForGraded(page, 2);
  await page.reload();

  await expect(page.getByRole('heading', { name: 'A run was interrupted' })).toBeVisible();
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(dialog).toContainText('output.length > 0');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByRole('heading', { name: 'A run was interrupted' })).toBeVisible();
  await page.getByRole('button', { name: 'Continue' }).click();
  await dialog.getByRole('button', { name: 'Allow for this run' }).click();
  await waitForGraded(page, 30);
  await expect(page.locator('.status')).toContainText('30 of 30 correct');
});

test('does not hold up the page while it reads the largest files', async ({ page, site }) => {
  test.setTimeout(120_000);
  const long = 'word '.repeat(2_500);
  const rows = Array.from({ length: 4_000 }, (_, index) =>
    JSON.stringify({ question: `${long}${index}`, answer: `#### ${index}` }),
  );
  const tests = Array.from(
    { length: 15_000 },
    (_, index) =>
      `- { vars: { question: 'What is ${index}?' }, assert: [{ type: equals, value: '${index}' }] }`,
  );
  const files = [
    { name: 'large.jsonl', text: rows.join('\n'), shown: /4,000 questions/ },
    { name: 'large.promptfoo.yaml', text: tests.join('\n'), shown: /15,000 questions/ },
    {
      name: 'hostile.json',
      text: `[${'{},'.repeat(10_000_000)}{}]`,
      shown: /10,000,001 rows: a set holds at most 20,000/,
    },
  ];
  const workers: string[] = [];
  page.on('worker', (worker) => workers.push(worker.url()));
  await openSets(page, site.url);
  for (const { name, text, shown } of files) {
    const path = test.info().outputPath(name);
    writeFileSync(path, text);
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    // How much of the text the page parses itself. A worker does that: what it sends back is data.
    await page.evaluate(() => {
      const state = { characters: 0 };
      Object.assign(window, { parsed: state });
      const parse = JSON.parse.bind(JSON);
      JSON.parse = (json: string, reviver) => {
        state.characters += json.length;
        return parse(json, reviver) as unknown;
      };
    });
    await page.getByLabel('From a file').setInputFiles(path);
    await expect(page.locator('main .panel')).toContainText(shown, { timeout: 40_000 });
    const parsed = await page.evaluate(
      () => (window as unknown as { parsed: { characters: number } }).parsed.characters,
    );
    expect(parsed, name).toBeLessThan(100_000);
    expect(workers.some((url) => url.includes('import.worker'))).toBe(true);
    await page.reload();
    await page.getByRole('link', { name: 'Tests', exact: true }).click();
  }
});

test('imports 5,000 cases, and lays out those in view', async ({ page, site }) => {
  const lines = Array.from({ length: 5_000 }, (_, index) =>
    JSON.stringify({ question: `What is ${index} plus 1?`, answer: `#### ${index + 1}` }),
  );
  await openSets(page, site.url);
  await page.getByRole('button', { name: 'Import', exact: true }).click();
  await page.getByLabel('From a file').setInputFiles(textFile('big.jsonl', lines.join('\n')));
  await expect(page.getByText(/5,000 questions/)).toBeVisible();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await card(page, 'big').getByRole('button', { name: 'Edit' }).click();
  await expect(page.locator('.cases .row')).toHaveCount(5_000);
  // Scrolling stays smooth because the rest of the rows is not laid out: at most a few screens of them are.
  const laidOut = await page.evaluate(async () => {
    let most = 0;
    for (let frame = 0; frame < 60; frame++) {
      window.scrollBy(0, 600);
      await new Promise(requestAnimationFrame);
      const rows = [...document.querySelectorAll('.cases .row')];
      const visible = rows.filter((row) => row.checkVisibility({ contentVisibilityAuto: true }));
      most = Math.max(most, visible.length);
    }
    return most;
  });
  expect(laidOut).toBeGreaterThan(0);
  expect(laidOut).toBeLessThan(200);
});

test('has no accessibility faults in import, generator and editor, narrow and wide, light and dark', async ({
  page,
  site,
}) => {
  await openSets(page, site.url);
  await card(page, 'Logic EN').first().getByRole('button', { name: 'Edit a copy' }).click();
  await expect(page.locator('.cases .row').first()).toBeVisible();
  const editor = new URL(page.url()).hash;
  const scenes: Record<string, () => Promise<void>> = {
    import: async () => {
      await page.goto(`${site.url}#/sets`);
      await page.getByRole('button', { name: 'Import', exact: true }).click();
      await page.getByLabel('From a file').setInputFiles(textFile('fragen.csv', CSV));
      await expect(page.getByRole('button', { name: 'Continue with these columns' })).toBeVisible();
    },
    generator: async () => {
      await page.goto(`${site.url}#set=ordering.3.en.7.20`);
      await expect(page.locator('.panel ol > li')).toHaveCount(3);
    },
    editor: async () => {
      await page.goto(site.url + editor);
      await page.locator('.cases .row').first().click();
      await expect(page.getByRole('button', { name: 'Try on the model' })).toBeVisible();
    },
  };
  for (const [name, show] of Object.entries(scenes)) {
    // From elsewhere, so that each screen is made anew.
    await page.goto(`${site.url}#/about`);
    await show();
    await expectAccessibleEverywhere(page, name);
  }
});

test('speaks Russian', async ({ browser, site }) => {
  const context = await browser.newContext({ locale: 'ru-RU' });
  const page = await context.newPage();
  await page.goto(`${site.url}#/sets`);
  await page.waitForFunction(() => crossOriginIsolated && navigator.serviceWorker.controller !== null);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Тесты');
  await page.getByRole('button', { name: 'Генератор' }).click();
  await expect(page.locator('.panel').getByRole('combobox', { name: 'Язык' })).toHaveValue('ru');
  await page.locator('.panel').getByRole('button', { name: 'Выбрать' }).click();
  await expect(page.getByLabel('Тест', { exact: true })).toHaveValue(/^gen-.*-ru$/);
  await context.close();
});
