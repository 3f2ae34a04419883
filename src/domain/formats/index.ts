// Where several could read a text, the surest wins; of equally sure ones the first.
export { native } from './native';
export { promptfoo } from './promptfoo';
export { lmEval } from './lm-eval';
export { lmEvalSamples } from './lm-eval-samples';
export { bigBench } from './big-bench';
export { mtBench } from './mt-bench';
export { agieval } from './agieval';
export { arc } from './arc';
export { logiqa } from './logiqa';
export { babi } from './babi';
export { gsm8k } from './gsm8k';
export { openaiEvals } from './openai-evals';
export { bbh } from './bbh';
export { plain } from './plain';
