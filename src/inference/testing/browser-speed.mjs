// node browser-speed.mjs <model.gguf> [--threads=2] [--build=..] [--prompt=253] [--new=64] [--rounds=5] [--file] [--args=..]
// Speed of the engine alone in Chromium, tokens per second.
import { openHarness } from './browser.mjs';

const flags = Object.fromEntries(
  process.argv
    .slice(2)
    .filter((a) => a.startsWith('--'))
    .map((a) => [a.slice(2).split('=')[0], a.slice(a.indexOf('=') + 1)]),
);
const paths = process.argv.slice(2).filter((a) => !a.startsWith('--'));
const harness = await openHarness({ args: flags.args ? flags.args.split(',') : [] });
try {
  for (const path of paths) {
    for (const threads of (flags.threads ?? '1,2').split(',')) {
      for (const build of (flags.build ?? 'default').split(',')) {
        const options = {
          threads: threads === 'measure' ? threads : Number(threads),
          ...(build === 'default' ? {} : { build }),
          ...(flags.ctx ? { contextTokens: Number(flags.ctx) } : {}),
          ...(flags.kv ? { kvType: flags.kv } : {}),
        };
        if ('file' in flags) await harness.pick(path);
        const info = await harness.call('open', {
          ...('file' in flags ? {} : { url: harness.serve(path) }),
          options,
        });
        const speed = await harness.call('speed', {
          promptTokens: Number(flags.prompt ?? 253),
          newTokens: Number(flags.new ?? 64),
          rounds: Number(flags.rounds ?? 5),
        });
        const all = speed.all.map((one) => `${one.prefill.toFixed(0)}/${one.decode.toFixed(0)}`).join(' ');
        console.log(
          `${path.split('/').pop()} ${info.backend.build} ${info.backend.dotMode} T=${threads}: prefill ${speed.prefill.toFixed(1)} decode ${speed.decode.toFixed(1)}` +
            ` | load ${info.loadMs.toFixed(0)} ms, memory ${(info.backend.memoryBytes / 1e6).toFixed(0)} MB | ${all}`,
        );
      }
    }
  }
} finally {
  await harness.close();
}
