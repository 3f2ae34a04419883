import type { Page } from '@playwright/test';
import { gzipSync } from 'node:zlib';
import { encodeLinkText } from '../src/domain/sharing/link-codec';
import { expectAccessibleEverywhere } from './accessible';
import { ENGINE, WEIGHTS, expect, openIsolated, visitedTest as test } from './site';

async function openSpeed(page: Page, url: string): Promise<void> {
  await openIsolated(page, url);
  await page.getByRole('link', { name: 'Speed', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('How fast is your device?');
}

const measure = (page: Page) => page.getByRole('button', { name: 'Measure', exact: true }).click();
const result = (page: Page) => page.getByRole('region', { name: 'Result' });

/** A report as a link holds it; `unknown`, because the tests also break it. */
function report(change: object = {}): unknown {
  return {
    version: 1,
    startedAt: Date.UTC(2026, 10, 22),
    end: 'finished',
    plan: 'quick',
    contextTokens: 512,
    model: { id: 'm', name: 'Some Model', parameters: 1e8 },
    artifact: { id: 'm-q4', quantization: 'Q4_0', sha256: 'a'.repeat(64), bytes: 5e7 },
    device: { logicalCores: 8, crossOriginIsolated: true },
    roofline: null,
    entries: [
      {
        engineId: 'simd',
        engineLabel: 'Ours',
        backend: 'wasm',
        engineVersion: '1',
        threads: 4,
        promptTokens: 100,
        answerTokens: 24,
        loadMs: 500,
        firstTokenMs: [100],
        prefillTokensPerSecond: [1000],
        decodeTokensPerSecond: [200],
      },
    ],
    ...change,
  };
}

test('measures every engine for real; the link shows the same figures and loads nothing', async ({
  browser,
  page,
  site,
}) => {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await openSpeed(page, site.url);
  await expect(page.getByRole('radio', { name: /Quick/ })).toBeChecked();
  await measure(page);
  // Only one thing at a time: a run would compete for the same cores.
  await page.getByRole('link', { name: 'Run', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Run', exact: true })).toBeDisabled();
  await page.getByText('Speed is being measured').getByRole('link').click();

  await expect(page.getByText(/WizardBench SIMD, CPU:\s+repetition/)).toBeVisible();
  await expect(page.getByText(/llama\.cpp \(wllama\), CPU:\s+repetition/)).toBeVisible({ timeout: 120_000 });
  await expect(page.getByRole('button', { name: 'Measure again' })).toBeVisible({ timeout: 240_000 });

  await expect(result(page)).toContainText(/\d+× llama\.cpp reading, [\d.]+× writing/);
  await expect(result(page)).toContainText(
    /threads:\s+reads memory at [\d.]+ GB\/s,\s+multiplies at [\d.]+ billion/,
  );
  // No graphics device here: said, not left out.
  await expect(result(page)).toContainText(/llama\.cpp \(wllama\), GPU: not measured\.\s+\S+/);
  const table = page.getByRole('table');
  await expect(table.getByRole('row', { name: /^Repetitions/ })).toContainText(/Repetitions\s*5\s*[1-5]/);
  const figures = await table.innerText();

  await page.getByRole('button', { name: 'Copy link' }).click();
  await expect(page.getByText(/^Copied/)).toBeVisible();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  expect(link.startsWith(`${site.url}#s=`)).toBe(true);
  expect(link.length).toBeLessThan(2_500);
  test.info().annotations.push({ type: 'speed', description: figures.replaceAll(/\s+/g, ' ') });

  await page.reload();
  await expect(table).toHaveText(figures.replaceAll(/\s+/g, ' '), { useInnerText: true });

  const fresh = await browser.newContext({ locale: 'en-US' });
  const reader = await fresh.newPage();
  site.requests.length = 0;
  await reader.goto(link);
  await expect(reader.getByText('Nothing was loaded or measured to show it')).toBeVisible();
  expect(await reader.getByRole('table').innerText()).toBe(figures);
  expect(await result(reader).locator('.headline').innerText()).toBe(
    await result(page).locator('.headline').innerText(),
  );
  const loaded = site.requests.filter(
    (path) => ENGINE.test(path) || WEIGHTS.test(path) || path.endsWith('.wasm'),
  );
  expect(loaded).toEqual([]);
  await reader.getByRole('link', { name: 'Measure your own' }).click();
  await expect(reader.getByRole('button', { name: 'Measure', exact: true })).toBeEnabled();
  await fresh.close();
});

test('stops at once, keeps what was measured, and can be worked by keyboard', async ({ page, site }) => {
  await openSpeed(page, site.url);
  await page.getByRole('radio', { name: /Quick/ }).focus();
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('radio', { name: /Thorough/ })).toBeChecked();
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  // While the second engine loads, which nothing inside the worker could interrupt.
  await expect(page.getByText(/llama\.cpp \(wllama\), CPU:/)).toBeVisible({ timeout: 120_000 });
  await page.getByRole('button', { name: 'Stop' }).press('Enter');
  await expect(page.getByRole('button', { name: 'Measure again' })).toBeVisible();
  await expect(result(page)).toContainText('Stopped: some engines were not measured.');
  await expect(result(page)).toContainText(/[\d.]+ tokens\/s reading, [\d.]+ writing/);

  await page.getByRole('button', { name: 'Measure again' }).click();
  await expect(page.getByText("Measuring the device's limits")).toBeVisible();
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(result(page)).toContainText('No engine measured yet');
  await page.getByRole('link', { name: 'Run', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Run', exact: true })).toBeEnabled();
});

test('junk and HTML in a speed link get a clear word and run nothing', async ({ page, site }) => {
  // The reload that brings threads would break into a navigation.
  await openIsolated(page, site.url);
  const bomb = gzipSync(Buffer.alloc(40 * 1024 * 1024)).toString('base64url');
  const valid = await encodeLinkText(report());
  const wrong = await encodeLinkText(report({ version: 2 }));
  for (const payload of ['', 'hello', '%3Cscript%3E', bomb, wrong, valid.slice(0, -8), `${valid}x`]) {
    await page.goto('about:blank');
    await page.goto(`${site.url}#s=${payload}`);
    await expect(page.getByRole('heading', { name: 'This link cannot be read' })).toBeVisible();
    await expect(page.getByRole('alert')).toBeVisible();
  }
  const attack = '<img src=x onerror="document.title=1">';
  await page.goto('about:blank');
  const hostile = report({
    model: { id: 'm', name: attack, parameters: 1 },
    entries: [
      {
        engineId: 'x',
        engineLabel: attack,
        backend: 'webgpu',
        unavailable: { code: 'failed', detail: attack },
      },
    ],
  });
  await page.goto(`${site.url}#s=${await encodeLinkText(hostile)}`);
  await expect(page.getByRole('heading', { level: 1 })).toContainText(attack);
  await expect(result(page)).toContainText(attack);
  expect(await page.locator('main img, main script').count()).toBe(0);
});

test('has no accessibility faults and no sideways scrolling, narrow and wide, light and dark', async ({
  page,
  site,
}) => {
  await openIsolated(page, site.url);
  const screens = {
    speed: '#/speed',
    'shared speed': `#s=${await encodeLinkText(report())}`,
    'broken speed link': '#s=junk',
  };
  for (const [name, address] of Object.entries(screens)) {
    await page.goto(site.url + address);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await expectAccessibleEverywhere(page, name);
  }
});
