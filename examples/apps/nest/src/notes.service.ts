import { Injectable, type OnModuleInit } from '@nestjs/common';

@Injectable()
export class NotesService implements OnModuleInit {
  private title = '';

  async onModuleInit(): Promise<void> {
    // As a connection to a database would be waited for.
    await new Promise((resolve) => setTimeout(resolve, 50));
    this.title = 'Grüße aus Nest';
  }

  page(): string {
    return `<!doctype html><title>Notes</title><img src="/logo.svg" alt=""><h1>${this.title}</h1>`;
  }
}
