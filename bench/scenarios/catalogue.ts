import type { Places } from '../peers/places.js';
import { contentScenarios } from './content.js';
import { countsScenario } from './counts.js';
import { blockedScenario, burstScenario } from './group.js';
import { growthScenarios } from './growth.js';
import { helloScenarios } from './hello.js';
import type { Scenario } from './scenario.js';
import { sitesScenario } from './sites.js';
import { transferScenarios } from './transfers.js';

/** All scenarios, those of the project's targets first. `directory`: for what they have to write. */
export async function allScenarios(places: Places, directory: string): Promise<readonly Scenario[]> {
  return [
    ...helloScenarios,
    ...transferScenarios(directory),
    countsScenario,
    ...(await contentScenarios(places.root)),
    ...growthScenarios,
    burstScenario,
    blockedScenario,
    sitesScenario,
  ];
}
