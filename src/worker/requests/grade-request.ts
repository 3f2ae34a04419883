import type { GraderPorts } from '../../domain/graders/grader';
import { gradeAnswers } from '../../domain/graders/registry';
import type { GradedAnswer, GradeRequest } from '../protocol';

/** Grades stored answers, in their order, without a model; answers to cases that the set does not have are left out. */
export async function gradeRequest(
  { testSet, answers }: GradeRequest,
  ports: GraderPorts,
): Promise<readonly GradedAnswer[]> {
  const caseOf = new Map(testSet.cases.map((testCase) => [testCase.id, testCase]));
  const known = answers.flatMap(({ caseId, ...answer }) => {
    const testCase = caseOf.get(caseId);
    return testCase === undefined ? [] : [{ ...answer, testCase }];
  });
  const grades = await gradeAnswers(known, { ...ports, language: testSet.language });
  return known.flatMap(({ testCase }, index) => {
    const grade = grades[index];
    return grade === undefined ? [] : [{ caseId: testCase.id, grade }];
  });
}
