export type Theme = 'system' | 'light' | 'dark';
export type Locale = 'en' | 'ru';

const THEMES: readonly Theme[] = ['system', 'light', 'dark'];
const LOCALES: readonly Locale[] = ['en', 'ru'];

/** How the page looks and speaks. In localStorage, not IndexedDB: it is needed before the first paint. */
export class Preferences {
  #theme = $state<Theme>('system');
  #locale = $state<Locale>('en');
  readonly #storage: Storage | undefined;

  /** @param storage absent where the browser forbids it: choices last until the page closes then */
  constructor(storage: Storage | undefined, languages: readonly string[]) {
    this.#storage = storage;
    const theme = storage?.getItem('theme');
    this.#theme = THEMES.find((each) => each === theme) ?? 'system';
    const locale = storage?.getItem('locale');
    const wanted = languages.map((language) => language.slice(0, 2).toLowerCase());
    this.#locale =
      LOCALES.find((each) => each === locale) ??
      wanted.flatMap((language) => LOCALES.filter((each) => each === language))[0] ??
      'en';
  }

  get theme(): Theme {
    return this.#theme;
  }

  set theme(theme: Theme) {
    this.#theme = theme;
    this.#storage?.setItem('theme', theme);
  }

  get locale(): Locale {
    return this.#locale;
  }

  set locale(locale: Locale) {
    this.#locale = locale;
    this.#storage?.setItem('locale', locale);
  }
}
