// What has to hold after each repetition of each case, whatever was done to the application.
import { eventually } from '../../process-group/support/group.js';
import type { Application } from './application.js';
import { check, FaultFailure, within } from './failure.js';
import { countDescriptors, residentMemory } from './processes.js';

const MIB = 1024 * 1024;
/** Of the parent, which allocates next to nothing; and of processes with JavaScript, whose heaps breathe. */
const PARENT_GROWTH = 16 * MIB;
const PROCESS_GROWTH = 96 * MIB;
/** What a process may open late, once in its life: journals, random numbers, V8's own. */
const LATE_DESCRIPTORS = 4;
/** Both ends of the line to a child. */
const DESCRIPTORS_OF_CHILD = 2;

/** How a process was when it was first looked at, without connections. */
interface Baseline {
  readonly descriptors: number;
  readonly memory: number;
}

export class Condition {
  readonly #application: Application;
  readonly #first = new Map<number, Baseline>();

  constructor(application: Application) {
    this.#application = application;
  }

  /**
   * The application serves a following request; every request has its end and was handed over once; descriptors,
   * processes and memory are as they were. Connections of the repetition are closed.
   */
  async check(): Promise<void> {
    const application = this.#application;
    application.faults.clear();
    await application.ask();
    application.ledger.check();
    application.closeClients();
    if (application.isGroup) await this.#checkGroup();
    else await this.#checkProcess(application.pid, countDescriptors(application.pid));
  }

  async #checkGroup(): Promise<void> {
    const { pid } = this.#application;
    const children = await within(
      'leaked',
      'the processes of the group are its children, without connections',
      eventually('no child has a connection, or is a zombie', () => {
        const { status } = this.#application;
        const known = status.children.map((child) => child.pid);
        if (status.children.some(({ connections, active }) => connections > 0 || active > 0)) return false;
        const present = this.#application.members().map((member) => member.pid);
        return present.length === known.length + 1 && known.every((one) => present.includes(one)) && known;
      }),
    );
    await this.#checkProcess(pid, countDescriptors(pid) - DESCRIPTORS_OF_CHILD * children.length, () => {
      const { length } = this.#application.status.children;
      return countDescriptors(pid) - DESCRIPTORS_OF_CHILD * length;
    });
    for (const child of children) await this.#checkProcess(child, countDescriptors(child));
    for (const known of this.#first.keys()) {
      if (known !== pid && !children.includes(known)) this.#first.delete(known);
    }
  }

  async #checkProcess(
    pid: number,
    descriptors: number,
    count: () => number = () => countDescriptors(pid),
  ): Promise<void> {
    const first = this.#first.get(pid);
    if (first === undefined) {
      this.#first.set(pid, { descriptors, memory: residentMemory(pid) });
      return;
    }
    const isParent = this.#application.isGroup && pid === this.#application.pid;
    const most = first.descriptors + (isParent ? 0 : LATE_DESCRIPTORS);
    await eventually('its descriptors are as before', () => count() <= most).catch(() => {
      throw new FaultFailure(
        'leaked',
        `process ${pid} has ${count()} descriptors; it had ${first.descriptors}`,
      );
    });
    const grown = residentMemory(pid) - first.memory;
    check(
      'leaked',
      grown <= (isParent ? PARENT_GROWTH : PROCESS_GROWTH),
      () => `process ${pid} has grown by ${Math.round(grown / MIB)} MiB`,
    );
  }
}
