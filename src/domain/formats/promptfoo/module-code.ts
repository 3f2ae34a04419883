import { extensionOf } from '../source-files';

/** What a module of a set may not reach for here. */
const NEEDS_MORE = /(?:^|[^.\w])(?:require\s*\(|import\s*[({*'"\w]|process\.|__dirname\b|export\s+(?:\*|\{))/;
const MAX_CHARACTERS = 19_000;

/**
 * The module of a set as the body of a function of `output` and `context`, as the sandbox runs it: what the module
 * exports is called with both (promptfoo's `loadFromJavaScriptFile`, `getJavascriptTransformFunction`).
 * @param name of the export; the module itself or its default where it is undefined
 * @returns undefined for a module that needs other modules, or is no JavaScript
 */
export function readModule(path: string, code: string, name: string | undefined): string | undefined {
  if (!/^[cm]?js$/.test(extensionOf(path)) || code.length > MAX_CHARACTERS) return undefined;
  if (NEEDS_MORE.test(code.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, ''))) return undefined;
  const exported: string[] = [];
  const body = code
    .replace(/^export\s+default\s+/gm, 'module.exports.default = ')
    .replace(
      /^export\s+((?:async\s+)?function\s*\*?\s*|class\s+|const\s+|let\s+|var\s+)([A-Za-z_$][\w$]*)/gm,
      (_all, keyword: string, own: string) => {
        exported.push(own);
        return `${keyword}${own}`;
      },
    );
  const wanted = name === undefined ? 'undefined' : JSON.stringify(name);
  return `const module = { exports: {} };
let exports = module.exports;
${body}
${exported.map((own) => `module.exports.${own} = ${own};`).join('\n')}
const all = module.exports;
const called = ${wanted} === undefined
  ? typeof all === 'function' ? all : all.default
  : all[${wanted}] ?? all.default?.[${wanted}];
return called(output, context);`;
}

/** `file://check.js:isShort` as its path and the export that it names. */
export function splitExport(reference: string): { readonly path: string; readonly name?: string } {
  const [, path = '', name] = /^(.*?\.(?:[cm]?[jt]s|py|rb)):(\w+)$/.exec(reference) ?? [];
  return name === undefined ? { path: reference } : { path, name };
}
