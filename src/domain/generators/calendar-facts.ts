/** Weekdays count from 0, Monday; months from 0, January; days from 1. */
export type CalendarFact = (
  | { readonly kind: 'weekday'; readonly event: number; readonly weekday: number }
  | { readonly kind: 'date'; readonly event: number; readonly month: number; readonly day: number }
  /** `event` is so many days after `than`, or before it when negative. */
  | { readonly kind: 'after'; readonly event: number; readonly than: number; readonly days: number }
) & {
  /** Told as "it is not true that ... not ...". */
  readonly doublyDenied?: boolean;
};
export type CalendarPremise = CalendarFact | { readonly kind: 'leap'; readonly leap: boolean };

export type CalendarQuestion =
  | { readonly kind: 'weekday'; readonly event: number }
  /** Days from the one to the other, which is later. */
  | { readonly kind: 'days'; readonly from: number; readonly to: number };
