export interface Note {
  readonly text: string;
}

export function parseNote(json: string): Note | undefined {
  try {
    const value = JSON.parse(json) as Partial<Note> | null;
    return typeof value?.text === 'string' ? { text: value.text } : undefined;
  } catch {
    return undefined;
  }
}
