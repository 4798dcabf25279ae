/**
 * What is measured of process groups, as Prometheus reads it.
 *
 * @packageDocumentation
 */
import type { GroupStatus } from '../status/group-status.js';
import { formatFamilies } from './exposition.js';
import { groupFamilies } from './group-metrics.js';

export { CONTENT_TYPE } from './exposition.js';

/** The metrics of these groups in Prometheus's text format 0.0.4; its media type is {@link CONTENT_TYPE}. */
export function formatMetrics(groups: readonly GroupStatus[]): string {
  return formatFamilies(groupFamilies(groups));
}
