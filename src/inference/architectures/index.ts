export { llama } from './llama';
