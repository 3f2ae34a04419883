export { wllama } from './wllama';
