import { badInput } from '../fault';

/** A part of a data set on the Hub. */
export interface HubSplit {
  readonly dataset: string;
  readonly config: string;
  readonly split: string;
}

/** An address as a person copies it: of GitHub's page about a file, the file itself. @throws FaultError `bad-input` */
export function readAddress(text: string): URL {
  const trimmed = text.trim();
  const url = URL.canParse(trimmed) ? new URL(trimmed) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw badInput('set address', 'expected https://…');
  }
  const [, owner, repo, kind, ...path] = url.pathname.split('/');
  if (url.host === 'github.com' && kind === 'blob') {
    return new URL(`https://raw.githubusercontent.com/${owner}/${repo}/${path.join('/')}`);
  }
  if (url.host === 'huggingface.co') url.pathname = url.pathname.replace('/blob/', '/resolve/');
  return url;
}
