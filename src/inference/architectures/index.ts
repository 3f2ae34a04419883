export { llama } from './llama';
export { qwen2 } from './qwen2';
