import { describe, expect, it } from 'vitest';
import { flattenLatex } from './latex';

const plain = (text: string) =>
  flattenLatex(text)
    .replace(/[\uE002\uE003]/g, '|')
    .replace(/\s+/g, ' ')
    .trim();

describe('flattenLatex', () => {
  it.each([
    ['no LaTeX {at} all, $5', 'no LaTeX {at} all, $5'],
    [String.raw`\frac{3}{4}`, '3/4'],
    [String.raw`\frac12 and \dfrac 1 2`, '1/2 and 1/2'],
    [String.raw`2\frac{1}{2}`, '2 1/2'],
    [String.raw`-\tfrac{1}{4}, \frac{-1}{4}`, '-1/4, -1/4'],
    [String.raw`\frac{x+1}{2}`, '(x+1)/2'],
    [String.raw`\frac{\sqrt{2}}{2}`, '(√(2))/2'],
    [String.raw`\sqrt[3]{8}`, '∛(8)'],
    [String.raw`\boxed{2^{10}}`, 'answer: |2^10|'],
    [String.raw`\boxed {\text{8 apples}}`, 'answer: |8 apples|'],
    [String.raw`\boxed{\textbf{(B)}\ London}`, 'answer: |(B) London|'],
    [String.raw`25\text{ cm}^2`, '25 cm^2'],
    [String.raw`90^\circ, 90^{\circ}`, '90°, 90°'],
    [String.raw`3 \times 10^{-8}`, '3 × 10^-8'],
    [String.raw`1{,}234 1,\!234 1\,234`, '1,234 1,234 1,234'],
    [String.raw`\( x \leq 5\% \)`, 'x ≤ 5%'],
    [String.raw`5\pi`, '5π'],
    [String.raw`\$8 and \Delta E`, '$8 and Delta E'],
    [String.raw`\left( 3, 4 \right)`, '( 3, 4 )'],
    [String.raw`\boxed{7`, 'answer: |7|'],
    ['a } b ^ c', 'a } b ^ c'],
    ['\\', ''],
  ])('reads %j', (text, result) => {
    expect(plain(text)).toBe(result);
  });

  it('reads deep and broken groups', () => {
    expect(flattenLatex('\\frac{'.repeat(20_000)).length).toBeLessThanOrEqual(120_000);
    expect(flattenLatex(`${'{'.repeat(20_000)}\\`).length).toBeLessThanOrEqual(120_000);
    expect(flattenLatex('\\frac'.repeat(20_000)).length).toBeLessThanOrEqual(120_000);
  });
});
