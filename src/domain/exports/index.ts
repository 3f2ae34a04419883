export { html } from './html';
export { markdown } from './markdown';
export { csv } from './csv';
export { jsonl } from './jsonl';
export { json } from './json';
