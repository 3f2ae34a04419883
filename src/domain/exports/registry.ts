import type { ResultExport } from './export';
import * as exports from './index';

export const exportRegistry: readonly ResultExport[] = Object.values(exports);
