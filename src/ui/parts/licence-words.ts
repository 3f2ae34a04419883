import { m } from '../messages/messages';

/** Names of licences are names; what the catalog says about one is said in the page's language. */
export function nameLicence(licence: string): string {
  switch (licence) {
    case 'Apache-2.0 by its card; the publisher withdrew the weights':
      return m.licence_withdrawn();
    case 'BSD-3-Clause code over LLaMA-licensed weights':
      return m.licence_bsd_over_llama();
    case 'LLaMA licence, non-commercial':
    case 'Other: LLaMA licence, non-commercial':
      return m.licence_llama();
    case 'Llama 2 Community Licence':
      return m.licence_llama2();
    case 'Non-commercial: delta CC-BY-NC-4.0 over the LLaMA licence':
      return m.licence_delta();
    case 'Unknown: see the model card':
      return m.licence_unknown();
    default:
      return licence;
  }
}
