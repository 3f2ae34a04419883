import { describe, expect, it } from 'vitest';
import type { DeviceCard } from '../../domain/engine/device';
import { FaultError } from '../../domain/fault';
import { DeviceProbe } from './device-probe.svelte';

const card = (userAgent: string, logicalCores = 4): DeviceCard => ({
  version: 1,
  probedAt: 1,
  userAgent,
  logicalCores,
  crossOriginIsolated: true,
  wasm: { simd: true, relaxedSimd: true, memory64: true },
  gpu: { available: false, code: 'no-webgpu', detail: '' },
});

function make(stored: unknown, probe: () => Promise<DeviceCard> = () => Promise.resolve(card('now', 8))) {
  const values = new Map<string, unknown>([['device-card', stored]]);
  let probes = 0;
  const device = new DeviceProbe({
    client: {
      probeDevice: () => {
        probes++;
        return probe();
      },
    },
    settings: {
      get: (key) => Promise.resolve(values.get(key)),
      set: (key, value) => {
        values.set(key, value);
        return Promise.resolve();
      },
    },
    userAgent: 'now',
  });
  return { device, values, probes: () => probes };
}

describe('DeviceProbe', () => {
  it('asks once and remembers', async () => {
    const first = make(undefined);
    await Promise.all([first.device.load(true), first.device.load(true)]);
    expect([first.probes(), first.device.card?.logicalCores, first.device.busy]).toEqual([1, 8, false]);
    const next = make(first.values.get('device-card'));
    await next.device.load(true);
    expect([next.probes(), next.device.card?.logicalCores]).toEqual([0, 8]);
    await next.device.probe();
    expect(next.probes()).toBe(1);
  });

  it.each([[card('another browser')], [{ version: 2 }], ['junk']])(
    'asks anew instead of %j',
    async (stored) => {
      const { device, probes } = make(stored);
      await device.load(true);
      expect([probes(), device.card?.userAgent]).toEqual([1, 'now']);
    },
  );

  it('leaves the device alone while something runs', async () => {
    const { device, probes } = make(undefined);
    await device.load(false);
    expect([probes(), device.card]).toEqual([0, undefined]);
  });

  it('tells why it could not', async () => {
    const { device } = make(undefined, () => Promise.reject(new FaultError({ kind: 'engine', detail: 'x' })));
    await device.load(true);
    expect(device.fault).toEqual({ kind: 'engine', detail: 'x' });
    expect(device.busy).toBe(false);
  });
});
