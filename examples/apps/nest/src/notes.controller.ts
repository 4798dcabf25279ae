import {
  Body,
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  Param,
  Post,
  Put,
  Query,
  Req,
  Res,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import { NotesService } from './notes.service';

@Controller()
export class NotesController {
  constructor(private readonly notes: NotesService) {}

  @Get()
  page(): string {
    return this.notes.page();
  }

  @Get('hello/:name')
  hello(@Param('name') name: string, @Query('tag') tags: string | string[]): object {
    return { hello: name, tags };
  }

  @Post('notes')
  @Header('Location', '/notes/1')
  create(@Body() note: object): object {
    return { note };
  }

  @Delete('notes/:id')
  @HttpCode(204)
  remove(): void {}

  @Post('form')
  form(@Body('name') name: string, @Res() response: Response): void {
    response.redirect(303, `/hello/${encodeURIComponent(name)}`);
  }

  @Put('upload')
  async upload(@Req() request: Request): Promise<object> {
    let bytes = 0;
    for await (const chunk of request) bytes += (chunk as Buffer).length;
    return { bytes };
  }
}
