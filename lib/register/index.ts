/**
 * `node --import lsapi/register app.js`: every `http.Server` of the process is served over LSAPI, with the development
 * gateway in front. HTTPS and HTTP/2 servers are left alone.
 *
 * @module lsapi/register
 */
import { rerouteServers } from './reroute.js';

rerouteServers();
