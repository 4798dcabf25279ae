// An Express app: routes are below the script, wherever it is mounted.
import express from 'express';

export const application = express();

application.get('/', (req, res) => res.json({ items: `${req.baseUrl}/items/1` }));
application.get('/items/:id', (req, res) => res.json({ id: req.params.id, at: req.originalUrl }));
