import type { Engine } from '../domain/engine/engine';
import * as engines from './index';

export const engineRegistry: readonly Engine[] = Object.values(engines);
