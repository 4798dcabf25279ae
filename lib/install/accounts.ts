/** A line of passwd(5). */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** The user of that name or number in a passwd(5). */
export function findUser(user: string, passwd: string): Account | undefined {
  for (const [name = '', , uid = '', gid = ''] of fieldsOf(passwd)) {
    if (name === user || uid === user) return { name, uid: Number(uid), gid: Number(gid) };
  }
  return undefined;
}

/** The name of a group in a group(5). */
export function findGroupName(gid: number, group: string): string | undefined {
  return fieldsOf(group).find((fields) => Number(fields[2]) === gid)?.[0];
}

/** The number of a group by its name. */
export function findGroupId(name: string, group: string): number | undefined {
  const found = fieldsOf(group).find((fields) => fields[0] === name || fields[2] === name);
  return found === undefined ? undefined : Number(found[2]);
}

/** The groups that a user is in besides its own. */
export function furtherGroups(user: string, group: string): number[] {
  return fieldsOf(group)
    .filter((fields) => (fields[3] ?? '').split(',').includes(user))
    .map((fields) => Number(fields[2]));
}

function fieldsOf(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'));
}
