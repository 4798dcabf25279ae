var createError = require('http-errors');
var express = require('express');
var path = require('path');
var cookieParser = require('cookie-parser');
var logger = require('morgan');

var notes = require('./routes/notes');
var visits = require('./routes/visits');

var app = express();

app.use(logger('dev'));
app.use(express.json());
app.use(express.urlencoded({ extended: false }));
app.use(cookieParser());
app.use(express.static(path.join(__dirname, 'public')));

app.use('/', notes);
app.use('/', visits);

app.use(function (req, res, next) {
  next(createError(404));
});

app.use(function (err, req, res, next) {
  if (res.headersSent) return next(err);
  res.status(err.status || 500);
  res.send('<h1>' + res.statusCode + '</h1><p>' + (err.expose ? err.message : 'Something broke.') + '</p>');
});

module.exports = app;
