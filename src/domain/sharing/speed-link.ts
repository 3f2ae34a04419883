import { badInput } from '../fault';
import { decodeLinkText, encodeLinkText } from './link-codec';
import { parseSpeedReport, type SpeedReport } from '../speed/speed';

/** A report as link text: it is small, so all of it. */
export function encodeSpeedLink(report: SpeedReport): Promise<string> {
  return encodeLinkText(report);
}

/** Reads link text back; it was written by a stranger. @throws FaultError `bad-input` */
export async function decodeSpeedLink(payload: string): Promise<SpeedReport> {
  const json = await decodeLinkText(payload);
  let data: unknown;
  try {
    data = JSON.parse(json);
  } catch (error) {
    throw badInput('link', error instanceof Error ? error.message : 'not JSON');
  }
  return parseSpeedReport(data, 'link');
}
