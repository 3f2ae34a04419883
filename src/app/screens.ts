const MODELS_TABS = ['catalog', 'files', 'hub', 'stored'] as const;
export type ModelsTab = (typeof MODELS_TABS)[number];

/** More would not fit on any screen. */
export const MAX_COMPARED = 12;

/** A URL fragment in its parts: `#/place/id`, or all of it as it is. Fragments, because a static host never sees them. */
interface Fragment {
  readonly text: string;
  /** Undefined where the fragment is no path. */
  readonly place: string | undefined;
  /** Empty where there is none. */
  readonly id: string;
}

interface ScreenDefinition<Id extends string, Found extends object> {
  readonly id: Id;
  /** What the address says to the screen; undefined where it is another's. */
  readonly read: (fragment: Fragment) => Found | undefined;
  /** An address of it, for the menu and for tests that visit every screen. */
  readonly address: `#${string}`;
  /** Under which entry of the menu it is; its own id where it is an entry itself. */
  readonly menu?: string;
}

function define<const Id extends string, Found extends object>(definition: ScreenDefinition<Id, Found>) {
  return definition;
}

/** A screen that its place alone names. */
const at =
  (place: string) =>
  // eslint-disable-next-line @typescript-eslint/no-generated-empty-object-type -- it tells the screen nothing
  (fragment: Fragment): Record<never, never> | undefined =>
    fragment.place === place ? {} : undefined;

/** What a link carries after its prefix. */
const after =
  (prefix: string) =>
  ({ text }: Fragment): { readonly payload: string } | undefined =>
    text.startsWith(prefix) ? { payload: text.slice(prefix.length) } : undefined;

/** Every screen, in the order of the menu. What is shown of each is in `ui/screens.ts`. */
export const SCREENS = [
  define({ id: 'run', menu: 'run', address: '#/', read: at('') }),
  define({ id: 'chat', menu: 'chat', address: '#/chat', read: at('chat') }),
  define({
    id: 'models',
    menu: 'models',
    address: '#/models',
    read: ({ place, id }): { readonly tab: ModelsTab } | undefined =>
      place === 'models' ? { tab: MODELS_TABS.find((tab) => tab === id) ?? 'catalog' } : undefined,
  }),
  define({
    id: 'sets',
    menu: 'sets',
    address: '#/sets',
    /** `spec` names a set that generators build, as a link to it has it. */
    read: ({ text, place, id }): { readonly spec?: string } | undefined => {
      if (text.startsWith('set=')) return { spec: text.slice(4) };
      return place === 'sets' && id === '' ? {} : undefined;
    },
  }),
  define({
    id: 'set',
    menu: 'sets',
    address: '#/sets/new',
    read: ({ place, id }): { readonly setId: string } | undefined =>
      place === 'sets' && id !== '' ? { setId: id } : undefined,
  }),
  define({ id: 'matrix', menu: 'matrix', address: '#/matrix', read: at('matrix') }),
  define({ id: 'arena', menu: 'matrix', address: '#/arena', read: at('arena') }),
  define({
    id: 'results',
    menu: 'results',
    address: '#/results',
    read: ({ place, id }) => (id === '' ? at('results')({ text: '', place, id }) : undefined),
  }),
  define({
    id: 'result',
    menu: 'results',
    address: '#/results/none',
    read: ({ place, id }): { readonly runId: string } | undefined =>
      place === 'results' && id !== '' ? { runId: id } : undefined,
  }),
  define({
    id: 'compare',
    menu: 'results',
    address: '#/compare/none',
    /** Ids of runs, or `r=` and the payload of a link. */
    read: ({ place, id }): { readonly ids: readonly string[] } | undefined =>
      place === 'compare'
        ? {
            ids: id
              .split(',')
              .filter((each) => each !== '')
              .slice(0, MAX_COMPARED),
          }
        : undefined,
  }),
  define({ id: 'speed', menu: 'speed', address: '#/speed', read: at('speed') }),
  define({ id: 'about', menu: 'about', address: '#/about', read: at('about') }),
  define({ id: 'shared', address: '#r=junk', read: after('r=') }),
  define({ id: 'shared-speed', address: '#s=junk', read: after('s=') }),
  // Takes what no other has taken, so it comes last.
  define({
    id: 'not-found',
    address: '#/nowhere',
    read: ({ text }): { readonly address: string } => ({ address: `#${text}` }),
  }),
] as const;

export type ScreenId = (typeof SCREENS)[number]['id'];

/** What each screen is told by its address. */
export type ScreenProps = {
  readonly [Screen in (typeof SCREENS)[number] as Screen['id']]: NonNullable<ReturnType<Screen['read']>>;
};

export type Route = { [Id in ScreenId]: { readonly screen: Id } & ScreenProps[Id] }[ScreenId];

/** Entries of the menu. */
export const MENU = SCREENS.filter(({ id, menu }) => id === menu);

/** The entry of the menu that a screen is under. */
export function findMenuEntry(screen: ScreenId): string | undefined {
  return SCREENS.find(({ id }) => id === screen)?.menu;
}

/** The address of a comparison. */
export function nameComparison(ids: readonly string[]): string {
  return `#/compare/${ids.join(',')}`;
}

/** Reads a URL fragment. */
export function parseRoute(fragment: string): Route {
  const text = fragment.replace(/^#/, '');
  const [before, place = '', id = ''] = text.split('/');
  const parts = { text, place: before === '' ? place : undefined, id };
  for (const { id: screen, read } of SCREENS) {
    const found = read(parts);
    // Each definition's own type says that they belong together; of the list, TypeScript cannot know it.
    if (found !== undefined) return { screen, ...found } as Route;
  }
  return { screen: 'not-found', address: fragment };
}
