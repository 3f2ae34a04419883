export { calendarArithmetic } from './calendar-arithmetic';
export { counting } from './counting';
export { familyRelations } from './family-relations';
export { knightsAndKnaves } from './knights-and-knaves';
export { ordering } from './ordering';
export { propositionalEntailment } from './propositional-entailment';
export { syllogisms } from './syllogisms';
export { zebra } from './zebra';
