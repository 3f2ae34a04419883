import { expect, test } from 'vitest';
import { measureGpuRoofline } from './roofline';
import { describeGpu } from './testing/describe-gpu';

await describeGpu('the roofline of a device', (requestDevice) => {
  test('is measured with numbers that are some', async () => {
    const device = await requestDevice();
    const roof = await measureGpuRoofline(device, { bytes: 1 << 20, turns: 16, workgroups: 8, rounds: 1 });
    expect(roof.readBytesPerSecond).toBeGreaterThan(0);
    expect(roof.readBytesPerSecond).toBeLessThan(1e15);
    expect(roof.flopsPerSecond).toBeGreaterThan(0);
    expect(roof.flopsPerSecond).toBeLessThan(1e17);
    device.destroy();
  });
});
