import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { Controller, Get, Header, Redirect, Req, Res, StreamableFile } from '@nestjs/common';
import type { Request, Response } from 'express';

@Controller()
export class VisitsController {
  @Get('visit')
  @Header('Content-Type', 'text/plain')
  visit(@Req() request: Request, @Res({ passthrough: true }) response: Response): string {
    const cookies = request.cookies as Record<string, string>;
    const visits = Number(cookies.visits ?? 0) + 1;
    response.cookie('visits', String(visits), { httpOnly: true, sameSite: 'lax' });
    response.cookie('theme', 'dark & light');
    return `visit ${visits}`;
  }

  @Get('old')
  @Redirect('/', 301)
  old(): void {}

  @Get('whoami')
  whoami(@Req() request: Request): object {
    const { originalUrl: url, hostname: host, protocol, ip } = request;
    return { url, host, protocol, ip, agent: request.get('user-agent') };
  }

  @Get('stream')
  stream(): StreamableFile {
    return new StreamableFile(Readable.from(lines()), { type: 'text/plain; charset=utf-8' });
  }

  @Get('broken')
  broken(): never {
    throw new Error('The database is gone.');
  }
}

async function* lines(): AsyncGenerator<Buffer> {
  for (let line = 1; line <= 5; line++) {
    await delay(10);
    yield Buffer.from(`line ${line}\n`);
  }
}
