import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';

/** Of a phone and of a desk, in CSS pixels. */
export const WIDTHS = [390, 1440];
export const THEMES = ['light', 'dark'] as const;
/** Another theme has other colours, and nothing else is different. */
export const RULES = { light: undefined, dark: ['color-contrast'] } as const;

/**
 * No fault that axe finds, and nothing to scroll sideways to. `where` tells the screen in what fails.
 * @param only the rules to ask; all of them unless given
 */
export async function expectAccessible(page: Page, where: string, only?: readonly string[]): Promise<void> {
  // Legacy: no page has frames, so axe needs no second page to join what it found in them.
  const axe = new AxeBuilder({ page }).setLegacyMode();
  if (only !== undefined) axe.withRules([...only]);
  const { violations } = await axe.analyze();
  expect(violations.map(({ id, nodes }) => `${where} ${id}: ${nodes[0]?.html ?? ''}`)).toEqual([]);
  const sideways = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(sideways, where).toBeLessThanOrEqual(0);
}

/**
 * Narrow and wide, light and dark, of what is on the screen now.
 * `show` is called before each of the four, for what a change of theme or width closes; with SCREENSHOTS set to a folder,
 * a picture of each is left there.
 */
export async function expectAccessibleEverywhere(
  page: Page,
  where: string,
  show: () => Promise<unknown> = () => Promise.resolve(),
): Promise<void> {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    for (const theme of THEMES) {
      // By its place: its name is in the language of the page.
      await page.locator('.preferences select').first().selectOption(theme);
      await show();
      const folder = process.env['SCREENSHOTS'];
      if (folder !== undefined) await page.screenshot({ path: `${folder}/${where}-${width}-${theme}.png` });
      await expectAccessible(page, `${where} ${width} ${theme}`, RULES[theme]);
    }
  }
}

/** The same in both languages. */
export async function expectAccessibleInBoth(page: Page, where: string): Promise<void> {
  for (const language of ['en', 'ru']) {
    await page.locator('.preferences select').nth(1).selectOption(language);
    await expectAccessibleEverywhere(page, `${where} ${language}`);
  }
}
