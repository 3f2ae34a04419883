import type { ReportWords, ResultExport } from './export';
import { describeReport, writeNumber, writeQuestion, writeVerdict, type ReportRow } from './report';

const STYLE = `
:root{color-scheme:light dark;--paper:#f4f1ea;--sheet:#fffdf8;--ink:#211d16;--soft:#5d5648;--rule:#d9d2c2;--pass:#17693b;--fail:#a8271b;--warn:#7a4d00}
@media (prefers-color-scheme:dark){:root{--paper:#15141a;--sheet:#1d1c23;--ink:#ece7dc;--soft:#aaa393;--rule:#33313c;--pass:#7fd3a0;--fail:#ff9587;--warn:#e6bd6a}}
*{box-sizing:border-box}
body{max-width:60rem;margin:0 auto;padding:2rem clamp(1rem,4vw,2.5rem);background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1,h2{font-family:Georgia,serif;line-height:1.2}
.headline{font-size:1.25rem}
ol{padding:0;list-style:none;border:1px solid var(--rule);border-radius:10px;background:var(--sheet)}
li{display:grid;grid-template-columns:2.5rem minmax(0,1fr) minmax(6rem,14rem);gap:.25rem 1rem;padding:1rem;border-top:1px solid var(--rule)}
li:first-child{border-top:0}
.number,dt{color:var(--soft)}
pre{margin:.5rem 0 0;padding-left:.75rem;border-left:3px solid var(--rule);font:13px/1.6 ui-monospace,monospace;white-space:pre-wrap}
p{margin:0;white-space:pre-wrap}
.pass{color:var(--pass)}.fail{color:var(--fail)}.not-run,.broken{color:var(--warn)}
dl{display:grid;grid-template-columns:minmax(8rem,14rem) minmax(0,1fr);gap:.25rem 1rem}
dd{margin:0}
@media (max-width:40rem){li{grid-template-columns:2rem minmax(0,1fr)}.verdict{grid-column:2}dl{grid-template-columns:1fr}dd{margin-bottom:.5rem}}
`;

/** One file that fetches nothing and runs nothing, whatever a model wrote into it. */
export const html: ResultExport = {
  id: 'html',
  label: 'HTML',
  extension: 'html',
  mediaType: 'text/html',
  write(record, words) {
    const { title, headline, facts, rows } = describeReport(record, words);
    const language = escapeHtml(record.testSet.language);
    return `<!doctype html>
<html lang="${escapeHtml(words.language)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
<p class="headline">${escapeHtml(headline)}</p>
<h2>${escapeHtml(words.sheet)}</h2>
<ol>
${rows.map((row) => writeRow(row, words, language)).join('\n')}
</ol>
<h2>${escapeHtml(words.facts)}</h2>
<dl>
${facts.map(([term, value]) => `<dt>${escapeHtml(term)}</dt><dd>${escapeHtml(value)}</dd>`).join('\n')}
</dl>
</main>
</body>
</html>
`;
  },
};

function writeRow(row: ReportRow, words: ReportWords, language: string): string {
  const { testCase, result, status } = row;
  const answer =
    result === undefined ? '' : `<pre>${escapeHtml(result.answer.trim() || words.emptyAnswer)}</pre>`;
  const verdict =
    status === undefined ? '' : `<p class="verdict ${status}">${escapeHtml(writeVerdict(row, words))}</p>`;
  const question = `<p lang="${language}">${escapeHtml(writeQuestion(testCase))}</p>`;
  return `<li><span class="number">${writeNumber(row)}</span><div>${question}${answer}</div>${verdict}</li>`;
}

function escapeHtml(text: string): string {
  return text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/'/g, '&#39;');
}
