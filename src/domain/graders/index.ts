export { choice } from './choice';
export { contains } from './contains';
export { equals } from './equals';
export { number } from './number';
export { regex } from './regex';
