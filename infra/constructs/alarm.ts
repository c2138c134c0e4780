import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";

export interface AlarmProps {
  /** What is wrong, for the person who is told. */
  readonly description: string;
  /** Over five minutes. */
  readonly metric: IMetric;
  /** The first value that is too much. */
  readonly threshold: number;
  /** Who is told. */
  readonly topic: ITopic;
}

/** An alarm that tells somebody. There is no other kind. */
export function raiseAlarm(scope: Construct, id: string, { description, metric, threshold, topic }: AlarmProps): Alarm {
  const alarm = new Alarm(scope, id, {
    alarmDescription: description,
    metric,
    threshold,
    evaluationPeriods: 1,
    comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    treatMissingData: TreatMissingData.NOT_BREACHING,
  });
  alarm.addAlarmAction(new SnsAction(topic));
  return alarm;
}
