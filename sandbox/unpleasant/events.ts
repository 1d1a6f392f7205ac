// Deliveries of events that go wrong as EventBridge's can: lost, late, doubled, reordered (facts A1).

/** How many deliveries of matching events are lost or doubled, and when. */
export interface EventFault {
  /** Part of the event's detail-type, for example `terminate`; every event where absent. */
  detailType?: string;
  /** What the event's source begins with: `aws.` is everything that AWS reports, and none of the project's own requests. */
  source?: string;
  /**
   * Milliseconds from now, one for each delivery: `[]` loses the event, `[0, 0]` doubles it. A list of such lists is gone
   * through in turn, one for each event: with `[[9000], [0]]` every second event overtakes the one before it.
   */
  deliveries: number[] | number[][];
  /** For so many events; then all is as it should be. Default: until changed. */
  times?: number;
}

/** Nothing that AWS reports reaches a function: no launch, no termination, no Spot warning, no push. */
export const everyEventLost: EventFault = { source: "aws.", deliveries: [] };

const undisturbed: readonly number[] = [0];

/** When each event is to be delivered; asked once for each event, in their order. */
export const disturbance = (fault: EventFault) => {
  const { detailType, source, deliveries, times = Number.POSITIVE_INFINITY } = fault;
  const turns = deliveries.some(Array.isArray) ? (deliveries as number[][]) : [deliveries as number[]];
  let count = 0;
  return (event: { source: string; "detail-type": string }): readonly number[] => {
    if (detailType !== undefined && !event["detail-type"].includes(detailType)) return undisturbed;
    if (source !== undefined && !event.source.startsWith(source)) return undisturbed;
    if (count >= times) return undisturbed;
    return turns[count++ % turns.length] ?? undisturbed;
  };
};
