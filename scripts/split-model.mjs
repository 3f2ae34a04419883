// Splits a model file into shards of 16 MiB with a manifest, for hosting below static-models/.
// Usage: node scripts/split-model.mjs FILE static-models/<artifact-id>
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const SHARD_BYTES = 16 * 1024 * 1024;
const [file, folder] = process.argv.slice(2);
if (file === undefined || folder === undefined) {
  console.error('Usage: node scripts/split-model.mjs FILE static-models/<artifact-id>');
  process.exit(2);
}
const hash = (bytes) => createHash('sha256').update(bytes).digest('hex');
const bytes = readFileSync(file);
mkdirSync(folder, { recursive: true });
const shards = [];
for (let start = 0; start < bytes.length; start += SHARD_BYTES) {
  const shard = bytes.subarray(start, start + SHARD_BYTES);
  const path = `shard-${String(shards.length).padStart(3, '0')}.bin`;
  writeFileSync(join(folder, path), shard);
  shards.push({ path, bytes: shard.length, sha256: hash(shard) });
}
const manifest = {
  name: basename(file),
  bytes: bytes.length,
  sha256: hash(bytes),
  shardBytes: SHARD_BYTES,
  shards,
};
writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest, null, 2) + '\n');
console.log(`${shards.length} shards, sha256 ${manifest.sha256}`);
