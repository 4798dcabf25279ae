import type { Section } from './tree.js';

/** Sections that stand at the server level or in a virtual host only. */
const HOST_SECTIONS = new Set([
  '<virtualhost',
  '<directory',
  '<directorymatch',
  '<location',
  '<locationmatch',
]);

/** What is wrong with the place of a section, in Apache's words, and what to do about it. */
export interface MisplacedSection {
  readonly message: string;
  readonly remedy: string;
}

/**
 * Whether a section may stand where it does. Apache checks twice, with different words: whether the directive may be in
 * the section around it (a name without its `>`), then each section's own rule.
 *
 * @param htaccess whether the text is that of an `.htaccess`
 */
export function misplacedSection(section: Section, htaccess: boolean): MisplacedSection | undefined {
  const { name, parent } = section;
  const key = name.toLowerCase();
  if (HOST_SECTIONS.has(key)) {
    if (htaccess) {
      return { message: `${name} not allowed here`, remedy: 'Move it to the configuration of the server.' };
    }
    if (parent !== undefined && parent.name.toLowerCase() !== '<virtualhost') {
      return {
        message: `${name} not allowed in ${parent.name}> context`,
        remedy: 'Sections of this kind cannot be inside each other: close the outer one before it.',
      };
    }
    if (key === '<virtualhost' && parent !== undefined) {
      return {
        message: `${name}> cannot occur within <VirtualHost> section`,
        remedy: 'Close the virtual host before it.',
      };
    }
  }
  if (key === '<files' || key === '<filesmatch') {
    const location = ancestors(section).find(({ name }) => /^<location(?:match)?$/i.test(name));
    if (location !== undefined) {
      return {
        message: `${name}> cannot occur within ${location.name}> section`,
        remedy: 'Use it in a <Directory>, or match the file in the expression of a <LocationMatch>.',
      };
    }
  }
  return undefined;
}

function ancestors(section: Section): Section[] {
  const found: Section[] = [];
  for (let outer = section.parent; outer !== undefined; outer = outer.parent) found.push(outer);
  return found;
}
