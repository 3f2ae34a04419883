import { BACKEND_FACTS, type Backend, type BackendFacts } from '../domain/engine/backends';

/** What components ask of a backend. */
export function findBackendFacts(backend: Backend): BackendFacts {
  return BACKEND_FACTS[backend];
}
