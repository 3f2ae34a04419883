import type { Page } from '@playwright/test';
import { parseModel, type Artifact } from '../src/domain/model/model';
import type { Harness } from '../src/engines/testing/page/harness.worker';

/** Chromium's own WebGPU on the CPU, for machines without a graphics device. */
export const SOFTWARE_GPU = [
  '--enable-unsafe-webgpu',
  '--enable-features=Vulkan',
  '--use-webgpu-adapter=swiftshader',
];

/** Runs a command of the harness (src/engines/testing/page/harness.worker.ts). */
export async function callEngines<Name extends keyof Harness>(
  page: Page,
  name: Name,
  ...args: Parameters<Harness[Name]>
): Promise<Awaited<ReturnType<Harness[Name]>>> {
  const result: unknown = await page.evaluate(
    ([command, values]) => {
      const { engines } = globalThis as unknown as {
        engines: Record<string, (...values: readonly unknown[]) => Promise<unknown>>;
      };
      return engines[command]?.(...values);
    },
    [name, args] as const,
  );
  return result as Awaited<ReturnType<Harness[Name]>>;
}

export function makeArtifact(format: Artifact['format'], extra: object): Artifact {
  const [artifact] = parseModel({
    id: 'model',
    name: 'Model',
    family: 'Family',
    parameters: 1,
    licence: 'MIT',
    source: 'https://x.example/',
    template: { kind: 'jinja', source: '{{ messages }}' },
    artifacts: [{ id: 'artifact', format, quantization: 'Q4_1', contextTokens: 512, files: [], ...extra }],
  }).artifacts;
  if (artifact === undefined) throw new Error('no artifact');
  return artifact;
}
