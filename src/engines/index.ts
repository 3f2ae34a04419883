// In order of preference where several can run an artifact.
export { simd } from './simd';
export { wllama } from './wllama';
export { transformers } from './transformers';
export { webLlm } from './web-llm';
