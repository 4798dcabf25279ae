import { Body, Controller, Get, Post, Query, Redirect, Req, Res, StreamableFile } from '@nestjs/common';
import { Readable } from 'node:stream';
import { GreetingService } from './greeting.service';

@Controller()
export class AppController {
  constructor(private readonly greeting: GreetingService) {}

  @Get()
  index(): string {
    return this.greeting.greet('NestJS');
  }

  @Post('echo')
  echo(@Body() body: unknown): object {
    return { echoed: body };
  }

  @Get('redirect')
  @Redirect('/')
  redirect(): void {}

  @Get('cookies')
  cookies(@Res({ passthrough: true }) response: { append(name: string, value: string): void }): object {
    response.append('Set-Cookie', 'theme=dark; HttpOnly');
    response.append('Set-Cookie', 'language=en');
    return {};
  }

  @Get('stream')
  stream(): StreamableFile {
    return new StreamableFile(Readable.from([Buffer.from('part 1\n'), Buffer.from('end\n')]));
  }

  @Get('request')
  request(@Req() request: { method: string; url: string; ip: string }, @Query() query: object): object {
    return { method: request.method, url: request.url, ip: request.ip, query };
  }

  @Get('error')
  error(): never {
    throw new Error('as intended');
  }
}
