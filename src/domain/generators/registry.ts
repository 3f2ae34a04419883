import type { Generator } from './generator';
import * as generators from './index';

export const generatorRegistry: ReadonlyMap<string, Generator> = new Map(
  Object.values(generators).map((generator) => [generator.id, generator]),
);
