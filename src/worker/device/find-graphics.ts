import { searchGpu } from '../../engines/parts/find-gpu';
import type { Graphics } from '../sessions/plan-backends';

/** The graphics device that an engine would get; without one it would compute on the CPU or fail. */
export async function findGraphics(search = searchGpu): Promise<Graphics> {
  const found = await search();
  if (typeof found === 'string') return { kind: found };
  return { kind: 'adapter', name: found.name, software: found.software };
}
