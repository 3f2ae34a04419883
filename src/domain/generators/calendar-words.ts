import { elementAt } from '../seeded-stream';
import type { CalendarFact, CalendarPremise, CalendarQuestion } from './calendar-facts';
import { capitalise, pluralRu, type Language } from './wording';

const EVENTS_EN = 'concert exam fair match lecture wedding auction premiere parade picnic'.split(' ');
/** Nominative and genitive. */
const EVENTS_RU = [
  ['концерт', 'концерта'],
  ['экзамен', 'экзамена'],
  ['ярмарка', 'ярмарки'],
  ['матч', 'матча'],
  ['лекция', 'лекции'],
  ['свадьба', 'свадьбы'],
  ['аукцион', 'аукциона'],
  ['премьера', 'премьеры'],
  ['парад', 'парада'],
  ['пикник', 'пикника'],
] as const;
export const EVENT_COUNT = EVENTS_RU.length;

const WEEKDAYS_EN = 'Monday Tuesday Wednesday Thursday Friday Saturday Sunday'.split(' ');
/** Nominative, "on ..." and other forms. */
const WEEKDAYS_RU = [
  ['понедельник', 'в понедельник', 'понедельника', 'понедельником'],
  ['вторник', 'во вторник', 'вторника', 'вторником'],
  ['среда', 'в среду', 'среду', 'среды', 'средой'],
  ['четверг', 'в четверг', 'четверга', 'четвергом'],
  ['пятница', 'в пятницу', 'пятницу', 'пятницы', 'пятницей'],
  ['суббота', 'в субботу', 'субботу', 'субботы', 'субботой'],
  ['воскресенье', 'в воскресенье', 'воскресенья', 'воскресеньем'],
] as const;

const MONTHS_EN =
  'January February March April May June July August September October November December'.split(' ');
const MONTHS_RU = 'января февраля марта апреля мая июня июля августа сентября октября ноября декабря'.split(
  ' ',
);

function factEn(fact: CalendarFact, entities: readonly number[]): string {
  const name = (event: number) => `the ${elementAt(EVENTS_EN, elementAt(entities, event))}`;
  const is = fact.doublyDenied === true ? 'is not' : 'is';
  const event = name(fact.event);
  switch (fact.kind) {
    case 'weekday':
      return `${event} ${is} on a ${elementAt(WEEKDAYS_EN, fact.weekday)}`;
    case 'date':
      return `${event} ${is} on ${fact.day} ${elementAt(MONTHS_EN, fact.month)}`;
    case 'after':
      return `${event} ${is} ${Math.abs(fact.days)} days ${fact.days > 0 ? 'after' : 'before'} ${name(fact.than)}`;
  }
}

function factRu(fact: CalendarFact, entities: readonly number[]): string {
  const names = (event: number) => elementAt(EVENTS_RU, elementAt(entities, event));
  const not = fact.doublyDenied === true ? 'не ' : '';
  const [event] = names(fact.event);
  switch (fact.kind) {
    case 'weekday':
      return `${event} пройдёт ${not}${elementAt(WEEKDAYS_RU, fact.weekday)[1]}`;
    case 'date':
      return `${event} пройдёт ${not}${fact.day} ${elementAt(MONTHS_RU, fact.month)}`;
    case 'after': {
      const count = Math.abs(fact.days);
      const days = `${count} ${pluralRu(count, 'день', 'дня', 'дней')}`;
      const [, than] = names(fact.than);
      return `${event} пройдёт ${not}${fact.days > 0 ? `через ${days} после` : `за ${days} до`} ${than}`;
    }
  }
}

interface CalendarWords {
  readonly opening: string;
  readonly weekdays: readonly { readonly text: string; readonly aliases: readonly string[] }[];
  premise(premise: CalendarPremise, entities: readonly number[]): string;
  question(question: CalendarQuestion, entities: readonly number[]): string;
}

export const CALENDAR_WORDS: Readonly<Record<Language, CalendarWords>> = {
  en: {
    opening: 'All of this happens in one calendar year.',
    weekdays: WEEKDAYS_EN.map((text) => ({ text, aliases: [] })),
    premise: (premise, entities) => {
      if (premise.kind === 'leap') return `The year is ${premise.leap ? '' : 'not '}a leap year.`;
      const sentence = factEn(premise, entities);
      return premise.doublyDenied === true ? `It is not true that ${sentence}.` : `${capitalise(sentence)}.`;
    },
    question: (question, entities) => {
      const name = (event: number) => `the ${elementAt(EVENTS_EN, elementAt(entities, event))}`;
      return question.kind === 'weekday'
        ? `On which day of the week is ${name(question.event)}?`
        : `How many days after ${name(question.from)} is ${name(question.to)}?`;
    },
  },
  ru: {
    opening: 'Всё происходит в одном календарном году.',
    weekdays: WEEKDAYS_RU.map(([text, , ...aliases]) => ({ text, aliases })),
    premise: (premise, entities) => {
      if (premise.kind === 'leap') return `Год ${premise.leap ? '' : 'не '}високосный.`;
      const sentence = factRu(premise, entities);
      return premise.doublyDenied === true ? `Неверно, что ${sentence}.` : `${capitalise(sentence)}.`;
    },
    question: (question, entities) => {
      const names = (event: number) => elementAt(EVENTS_RU, elementAt(entities, event));
      return question.kind === 'weekday'
        ? `В какой день недели пройдёт ${names(question.event)[0]}?`
        : `Через сколько дней после ${names(question.from)[1]} пройдёт ${names(question.to)[0]}?`;
    },
  },
};
