import { Module } from '@nestjs/common';
import { NotesController } from './notes.controller';
import { NotesService } from './notes.service';
import { VisitsController } from './visits.controller';

@Module({ controllers: [NotesController, VisitsController], providers: [NotesService] })
export class AppModule {}
