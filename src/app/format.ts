/** Numbers, sizes, times and dates as the reader's language writes them. */
export class Format {
  constructor(private readonly locale: string) {}

  number(value: number, maximumFractionDigits = 0): string {
    return new Intl.NumberFormat(this.locale, { maximumFractionDigits }).format(value);
  }

  /** Three digits that count: a measurement is worth no more. */
  measured(value: number): string {
    return new Intl.NumberFormat(this.locale, { maximumSignificantDigits: 3 }).format(value);
  }

  /** @param fraction 0 to 1 */
  percent(fraction: number): string {
    return new Intl.NumberFormat(this.locale, { style: 'percent', maximumFractionDigits: 0 }).format(
      fraction,
    );
  }

  /** A difference of two shares, in percentage points with its sign. @param fraction -1 to 1 */
  points(fraction: number): string {
    return new Intl.NumberFormat(this.locale, {
      maximumFractionDigits: 0,
      signDisplay: 'exceptZero',
    })
      .format(fraction * 100)
      .replace('-', '\u2212');
  }

  /** A p-value with its sign of relation; below 0.001 its digits say nothing more. */
  probability(p: number): string {
    const number = new Intl.NumberFormat(this.locale, { maximumSignificantDigits: 2 });
    return p < 0.001 ? `< ${number.format(0.001)}` : `= ${number.format(Math.min(1, p))}`;
  }

  /** A probability in per cent; never 0 or 100, which would be sure. */
  chance(p: number): string {
    const percent = new Intl.NumberFormat(this.locale, { style: 'percent', maximumFractionDigits: 0 });
    if (p < 0.01) return `< ${percent.format(0.01)}`;
    return p > 0.99 ? `> ${percent.format(0.99)}` : percent.format(p);
  }

  /** Decimal megabytes, as download pages count them. */
  megabytes(bytes: number): string {
    const megabytes = bytes / 1e6;
    return new Intl.NumberFormat(this.locale, {
      style: 'unit',
      unit: 'megabyte',
      maximumFractionDigits: megabytes < 10 ? 1 : 0,
    }).format(megabytes);
  }

  /** Decimal gigabytes from one on, else megabytes; kilobytes for what would be none of them. */
  size(bytes: number): string {
    if (bytes > 0 && bytes < 1e5) {
      return new Intl.NumberFormat(this.locale, {
        style: 'unit',
        unit: 'kilobyte',
        maximumFractionDigits: 0,
      }).format(Math.max(1, bytes / 1e3));
    }
    if (bytes < 1e9) return this.megabytes(bytes);
    return new Intl.NumberFormat(this.locale, {
      style: 'unit',
      unit: 'gigabyte',
      maximumFractionDigits: 1,
    }).format(bytes / 1e9);
  }

  /** Milliseconds below one second, else seconds. */
  duration(milliseconds: number): string {
    if (milliseconds < 999.5) {
      return new Intl.NumberFormat(this.locale, {
        style: 'unit',
        unit: 'millisecond',
        maximumFractionDigits: 0,
      }).format(milliseconds);
    }
    const seconds = milliseconds / 1000;
    return new Intl.NumberFormat(this.locale, {
      style: 'unit',
      unit: 'second',
      maximumFractionDigits: seconds < 10 ? 1 : 0,
    }).format(seconds);
  }

  /** Minutes and seconds, for times that a person waits. */
  wait(seconds: number): string {
    const unit = (name: string, value: number) =>
      new Intl.NumberFormat(this.locale, { style: 'unit', unit: name }).format(value);
    const whole = Math.max(1, Math.round(seconds));
    if (whole < 60) return unit('second', whole);
    const minutes = unit('minute', Math.floor(whole / 60));
    return whole % 60 === 0 ? minutes : `${minutes} ${unit('second', whole % 60)}`;
  }

  /** A time that is only roughly known: seconds, minutes or hours. */
  span(seconds: number): string {
    const write = (unit: string, value: number, maximumFractionDigits = 0) =>
      new Intl.NumberFormat(this.locale, { style: 'unit', unit, maximumFractionDigits }).format(value);
    if (seconds < 90) return write('second', Math.max(1, seconds));
    return seconds < 5_400 ? write('minute', seconds / 60) : write('hour', seconds / 3_600, 1);
  }

  date(epochMs: number): string {
    return new Intl.DateTimeFormat(this.locale, { dateStyle: 'medium', timeStyle: 'short' }).format(epochMs);
  }

  /** Two digits that count: an estimate is worth no more. */
  about(value: number): string {
    return new Intl.NumberFormat(this.locale, { maximumSignificantDigits: 2 }).format(value);
  }

  /** Names as a sentence lists them. */
  list(names: readonly string[]): string {
    return new Intl.ListFormat(this.locale, { type: 'conjunction' }).format(names);
  }

  /** Language of a test set, in the reader's own. */
  language(tag: string): string {
    try {
      return new Intl.DisplayNames(this.locale, { type: 'language' }).of(tag) ?? tag;
    } catch {
      // It throws for a tag that only looks like one, and sets come from anybody.
      return tag;
    }
  }
}
