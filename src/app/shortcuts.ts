import type { ScreenId } from './screens';

/** What a shortcut does. */
export type ShortcutAction =
  | { readonly kind: 'go'; readonly screen: ScreenId }
  | { readonly kind: 'help' | 'search' | 'next' | 'previous' };

/** After `g`. */
export const GO_KEYS: readonly { readonly key: string; readonly screen: ScreenId }[] = [
  { key: 'r', screen: 'run' },
  { key: 'c', screen: 'chat' },
  { key: 'm', screen: 'models' },
  { key: 't', screen: 'sets' },
  { key: 'x', screen: 'matrix' },
  { key: 'e', screen: 'results' },
  { key: 's', screen: 'speed' },
  { key: 'a', screen: 'about' },
];

/** What of a key event is read. */
export type KeyPress = Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey'>;

/** Turns keys, one after the other, into what they ask for. */
export class Shortcuts {
  #afterG = false;

  /** @returns undefined for a key that asks for nothing, or is only the first of two */
  press(event: KeyPress): ShortcutAction | undefined {
    if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
    const key = readLetter(event);
    const wasAfterG = this.#afterG;
    this.#afterG = false;
    if (wasAfterG) {
      const screen = GO_KEYS.find((each) => each.key === key)?.screen;
      if (screen !== undefined) return { kind: 'go', screen };
    }
    switch (key) {
      case 'g':
        this.#afterG = true;
        return undefined;
      case '?':
        return { kind: 'help' };
      case '/':
        return { kind: 'search' };
      case 'j':
        return { kind: 'next' };
      case 'k':
        return { kind: 'previous' };
      default:
        return undefined;
    }
  }
}

/** The sign, or where the keyboard writes another script, the Latin letter on the same key. */
function readLetter({ key, code }: KeyPress): string {
  const other = /^\p{L}$/u.test(key) && !/^[a-z]$/i.test(key);
  const letter = /^Key([A-Z])$/.exec(code)?.[1];
  return (other && letter !== undefined ? letter : key).toLowerCase();
}
