import { writeCsv } from './csv-text';
import type { ResultExport } from './export';
import { listRows, writeAdapter } from './report';

const COLUMNS = [
  'run_id',
  'started_at',
  'model',
  'quantization',
  'file_sha256',
  'adapters',
  'engine',
  'backend',
  'kv_cache',
  'batch_tokens',
  'layers_on_gpu',
  'graphics_device',
  'ignored_settings',
  'set',
  'set_sha256',
  'temperature',
  'seed',
  'max_tokens',
  'number',
  'case_id',
  'repeat',
  'tags',
  'group',
  'prompt',
  'choices',
  'answer',
  'status',
  'score',
  'finish',
  'reasons',
  'expected',
  'found',
  'fault',
  'prompt_tokens',
  'answer_tokens',
  'first_token_ms',
  'total_ms',
  'decode_ms',
];

/** One row for each answer; the run stands in every row, so that files of several runs can be put together. */
export const csv: ResultExport = {
  id: 'csv',
  label: 'CSV',
  extension: 'csv',
  mediaType: 'text/csv',
  write(record) {
    const { run } = record;
    const { model, artifact, session, set, sampling } = run.setup;
    const about = [
      run.id,
      new Date(run.startedAt).toISOString(),
      model.id,
      artifact.quantization,
      artifact.sha256,
      artifact.adapters?.map(writeAdapter).join('\n'),
      `${session.engineId} ${session.engineVersion}`,
      session.backend,
      session.kvType,
      session.batchTokens,
      session.layersOnGpu,
      session.adapter,
      session.ignoredSettings?.join(' '),
      set.id,
      set.sha256,
      sampling.temperature,
      sampling.seed,
      sampling.maxTokens,
    ];
    const rows = listRows(record).map(({ number, testCase, result, status, reasons }) => {
      const graded = result?.kind === 'graded' ? result : undefined;
      const fault = result?.kind === 'failed' ? result.fault : undefined;
      const timing = graded?.timing;
      return [
        ...about,
        number,
        testCase.id,
        result === undefined ? undefined : (result.repeat ?? 0),
        testCase.tags.join(' '),
        testCase.group,
        testCase.prompt,
        testCase.choices?.join('\n'),
        result?.answer,
        status ?? 'not-asked',
        graded?.score,
        graded?.finish,
        reasons.map(({ code }) => code).join(' '),
        reasons.flatMap(({ expected }) => expected ?? []).join('\n'),
        reasons.flatMap(({ found }) => found ?? []).join('\n'),
        fault === undefined ? undefined : 'detail' in fault ? `${fault.kind}: ${fault.detail}` : fault.kind,
        timing?.promptTokens,
        timing?.answerTokens,
        timing?.firstTokenMs,
        timing?.totalMs,
        timing?.decodeMs,
      ];
    });
    return writeCsv([COLUMNS, ...rows]);
  },
};
