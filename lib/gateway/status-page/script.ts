/**
 * The program of the status page: asks for the status once a second, keeps what it was for two minutes, and draws it.
 * Whatever clients have sent reaches the page as text only.
 */
export const SCRIPT = `'use strict';
const MOST = 120;
const MEGABYTE = 1048576;
const history = [];
const byId = (id) => document.getElementById(id);
const SVG = 'http://www.w3.org/2000/svg';

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function format(value, unit) {
  if (value === null || value === undefined) return '–';
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toFixed(Number.isInteger(value) ? 0 : digits) + (unit ? ' ' + unit : '');
}

function duration(milliseconds) {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 60) return (milliseconds / 1000).toFixed(1) + ' s';
  if (seconds < 3600) return Math.floor(seconds / 60) + 'm ' + (seconds % 60) + 's';
  if (seconds < 86400) return Math.floor(seconds / 3600) + 'h ' + Math.floor((seconds % 3600) / 60) + 'm';
  return Math.floor(seconds / 86400) + 'd ' + Math.floor((seconds % 86400) / 3600) + 'h';
}

/** Lines over the last two minutes; the newest value stands at the right. */
function draw(id, unit, lines) {
  const chart = byId(id);
  const known = lines.flatMap(({ value }) => history.map(value)).filter((one) => typeof one === 'number');
  const top = Math.max(1e-9, ...known) * 1.1;
  const drawn = lines.map(({ value, kind }) => {
    let path = '';
    let pen = 'M';
    history.forEach((entry, index) => {
      const at = value(entry);
      if (typeof at !== 'number') {
        pen = 'M';
        return;
      }
      const x = 300 - (history.length - 1 - index) * (300 / (MOST - 1));
      path += pen + x.toFixed(1) + ' ' + (80 - (at / top) * 80).toFixed(1);
      pen = 'L';
    });
    // A single point is a line to itself.
    return element('path', { class: kind, d: path === '' || path.includes('L') ? path : path + 'h0.1' });
  });
  chart.querySelector('svg').replaceChildren(
    element('line', { class: 'grid', x1: 0, x2: 300, y1: 40, y2: 40 }),
    ...drawn,
  );
  chart.querySelector('div').textContent = known.length === 0 ? '' : format(top / 1.1, unit);
  const legend = lines.map(({ name, value, kind }) => {
    const item = document.createElement('span');
    item.className = kind;
    item.textContent = name + ' ' + format(value(history.at(-1)), lines.length > 1 ? '' : unit);
    return item;
  });
  chart.querySelector('figcaption span').replaceChildren(...legend);
}

function total(groups, value) {
  return groups.reduce((sum, group) => sum + (value(group) ?? 0), 0);
}

function remember(groups) {
  const privateOf = (group) =>
    (group.mode === 'worker' ? 0 : group.memory.private ?? 0) + total(group.children, (child) => child.memory.private);
  const answers = groups.length === 1 ? groups[0].recent?.answers : undefined;
  history.push({
    requests: groups.some(({ recent }) => recent) ? total(groups, ({ recent }) => recent?.requestsPerSecond) : undefined,
    p50: answers?.p50,
    p95: answers?.p95,
    p99: answers?.p99,
    children: total(groups, ({ children }) => children.length),
    busy: total(groups, ({ children }) => children.filter(({ state }) => state === 'busy').length),
    memory: total(groups, privateOf) / MEGABYTE,
  });
  if (history.length > MOST) history.shift();
}

function row(cells, tag) {
  const made = document.createElement('tr');
  for (const cell of cells) made.append(Object.assign(document.createElement(tag), { textContent: String(cell) }));
  return made;
}

function request({ currentRequest, lastRequest, failure }) {
  if (failure !== null) return failure;
  if (currentRequest === null) return lastRequest === null ? '' : '(' + lastRequest.method + ' ' + lastRequest.url + ')';
  return duration(currentRequest.milliseconds) + ': ' + (currentRequest.method ?? '?') + ' ' + (currentRequest.url ?? '?');
}

function show(groups) {
  remember(groups);
  draw('requests', '/s', [{ name: 'requests', kind: 'a', value: (entry) => entry.requests }]);
  draw('latency', 'ms', [
    { name: 'p50', kind: 'a', value: (entry) => entry.p50 },
    { name: 'p95', kind: 'b', value: (entry) => entry.p95 },
    { name: 'p99', kind: 'c', value: (entry) => entry.p99 },
  ]);
  draw('processes', '', [
    { name: 'running', kind: 'a', value: (entry) => entry.children },
    { name: 'busy', kind: 'b', value: (entry) => entry.busy },
  ]);
  draw('memory', 'MB', [{ name: 'private', kind: 'a', value: (entry) => entry.memory }]);
  byId('groups').replaceChildren(...groups.map(section));
}

function section(group) {
  const made = document.createElement('section');
  const title = document.createElement('h2');
  title.textContent = group.root;
  const facts = document.createElement('p');
  const { statuses, milliseconds } = group.answers;
  facts.textContent = [
    (group.mode === 'worker' ? 'process ' : 'parent ') + group.pid + ', ' + group.state,
    group.mode === 'worker' ? null : 'generation ' + group.generation + ', ' + group.mode,
    'up ' + duration(group.uptimeMilliseconds),
    group.requests + ' requests, ' + group.active + ' in progress',
    Object.entries(statuses).filter(([, count]) => count > 0).map(([name, count]) => count + ' × ' + name).join(', '),
    milliseconds === null ? null : 'mean ' + format(milliseconds.mean, 'ms') + ', p99 ' + format(milliseconds.p99, 'ms'),
    group.accepted + ' connections, ' + group.refused + ' refused',
    group.crashedChildren > 0 ? group.crashedChildren + ' crashed' : null,
    group.limitReached > 0 ? 'limit reached ' + group.limitReached + ' times' : null,
    group.reloads > 0 ? group.reloads + ' reloads' : null,
  ].filter(Boolean).join(' · ');
  const table = document.createElement('table');
  table.append(
    row(['PID', 'State', 'Age', 'Requests', '/s', 'Connections', 'Private MB', 'CPU %', 'Request'], 'th'),
    ...group.children.map((child) =>
      row([
        child.pid,
        child.state,
        duration(child.ageMilliseconds),
        child.requests,
        format(child.recent?.requestsPerSecond),
        child.connections,
        child.memory.private === null ? '–' : (child.memory.private / MEGABYTE).toFixed(1),
        format(child.recent?.cpuPercent),
        request(child),
      ], 'td'),
    ),
  );
  made.append(title, facts, table);
  return made;
}

async function refresh() {
  try {
    const response = await fetch(document.body.dataset.source, { cache: 'no-store' });
    if (!response.ok) throw new Error('the gateway answers ' + response.status);
    show(await response.json());
    byId('state').textContent = 'live';
    document.body.dataset.samples = String(history.length);
  } catch (error) {
    byId('state').textContent = 'no answer: ' + error.message;
  }
  setTimeout(refresh, 1000);
}
refresh();
`;
