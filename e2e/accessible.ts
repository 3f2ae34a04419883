import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';

/** Of a phone and of a desk, in CSS pixels. */
export const WIDTHS = [390, 1440];
const THEMES = ['light', 'dark'] as const;
/** Another theme has other colours, and nothing else is different. */
const RULES = { light: undefined, dark: ['color-contrast'] } as const;

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

const SCREENSHOTS = process.env['SCREENSHOTS'];

/**
 * Narrow and wide, light and dark, of what is on the screen now. Widths and themes don't touch each other: dark is asked
 * about at one width.
 * `show` is called before each, for what a change of theme or width closes; with SCREENSHOTS set to a folder, a picture
 * of each is left there, and of dark at both widths.
 */
export async function expectAccessibleEverywhere(
  page: Page,
  where: string,
  show: () => Promise<unknown> = () => Promise.resolve(),
  themes: readonly (typeof THEMES)[number][] = THEMES,
): Promise<void> {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    for (const theme of themes) {
      const isAsked = theme === 'light' || width === WIDTHS[0];
      if (!isAsked && SCREENSHOTS === undefined) continue;
      // By its place: its name is in the language of the page.
      await page.locator('.preferences select').first().selectOption(theme);
      await show();
      if (SCREENSHOTS !== undefined)
        await page.screenshot({ path: `${SCREENSHOTS}/${where}-${width}-${theme}.png` });
      if (isAsked) await expectAccessible(page, `${where} ${width} ${theme}`, RULES[theme]);
    }
  }
}

/** Colours don't depend on the language, so dark is asked about in one of them. */
export const themesOf = (language: string): readonly (typeof THEMES)[number][] =>
  language === 'en' || SCREENSHOTS !== undefined ? THEMES : ['light'];

/** The same in both languages. */
export async function expectAccessibleInBoth(page: Page, where: string): Promise<void> {
  for (const language of ['en', 'ru']) {
    await page.locator('.preferences select').nth(1).selectOption(language);
    await expectAccessibleEverywhere(page, `${where} ${language}`, undefined, themesOf(language));
  }
}
