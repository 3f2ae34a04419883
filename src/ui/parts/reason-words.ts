import type { RowReason } from '../../app/results/sheet';
import { m } from '../messages/messages';

/** In the page's language. */
export function describeReason(reason: RowReason): string {
  const { expected = '', found = '' } = reason;
  switch (reason.code) {
    case 'matched':
      return found === '' ? m.reason_matched_plain() : m.reason_matched({ found });
    case 'different':
      return m.reason_different({ expected, found });
    case 'missing':
      return m.reason_missing({ expected });
    case 'no-answer':
      return m.reason_no_answer({ expected });
    case 'ambiguous':
      return m.reason_ambiguous({ expected, found });
    case 'unknown-grader':
      return m.reason_unknown_grader({ expected });
    case 'bad-options':
      return m.reason_bad_options({ expected, found });
    case 'forbidden':
      return found === '' ? m.reason_forbidden_plain() : m.reason_forbidden({ found });
    case 'out-of-range':
      return m.reason_out_of_range({ expected, found });
    case 'malformed':
      return m.reason_malformed({ expected, found });
    case 'script-error':
      return m.reason_script_error({ found });
    case 'outvoted':
      return m.reason_outvoted({ found });
    case 'tied':
      return m.reason_tied({ found });
    case 'self-judged':
      return m.reason_self_judged({ found });
    case 'not-available':
      return m.reason_not_available({ expected });
    case 'not-measured':
      return m.reason_not_measured({ expected });
    case 'not-allowed':
      return m.reason_not_allowed();
    case 'timeout':
      return m.reason_timeout({ expected });
    case 'too-large':
      return m.reason_too_large({ expected });
    case 'judge-undecided':
      return m.reason_judge_undecided();
    default:
      // A code of another version, out of a link.
      return reason.code;
  }
}
