#!/usr/bin/env node
/**
 * The API in Node (18 or later), with its standard library only.
 *
 * It is configured by API_HOST, API_PORT, AUTH_TYPE, SESSION_NAME and SESSION_DURATION, and keeps its data in
 * `.db_User.json` and `.db_UserSession.json` of the current directory. From top to bottom: what is read from a
 * request, what the views answer, and the way from one to the other.
 *
 * Where the specification is silent: an unknown AUTH_TYPE counts as `auth`; `users/me` without authentication is 404;
 * a login with the right password is 404 in the modes that keep no sessions; without SESSION_NAME no cookie is set.
 */
'use strict';

const http = require('node:http');
const querystring = require('node:querystring');
const { chosenAuth, utf8 } = require('./auth.js');
const { findByEmail, hash, isValidPassword, shown, users } = require('./models.js');

// ---- What is read from a request ------------------------------------------------------------------------------------

/** Returns the cookies by name; spaces stay, quotes go, and of two with one name the first counts. */
function readCookies(header = '') {
  const cookies = new Map();
  for (const pair of Buffer.from(header, 'latin1').toString('utf8').split(';')) {
    const equals = pair.indexOf('=');
    const name = pair.slice(0, equals).trim();
    const value = pair.slice(equals + 1).trim();
    const quoted = /^"(.*)"$/.exec(value);
    if (equals >= 0 && !cookies.has(name)) cookies.set(name, quoted ? quoted[1].replace(/\\(.)/g, '$1') : value);
  }
  return cookies;
}

async function readBody(incoming) {
  const chunks = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Returns the fields of a form by name, in either of the two encodings of forms. */
async function readForm({ headers, mediaType, body }) {
  if (mediaType === 'application/x-www-form-urlencoded') {
    const fields = Object.entries(querystring.parse(body.toString('utf8')));
    return new Map(fields.map(([name, value]) => [name, [value].flat()[0]]));
  }
  if (mediaType === 'multipart/form-data') {
    const form = new Response(body, { headers: { 'content-type': headers['content-type'] } }).formData();
    return form.catch(() => new Map());
  }
  return new Map();
}

/** Returns the JSON object of a request; anything else is 400. */
function readMembers({ mediaType, body }) {
  let members = null;
  try {
    if (mediaType === 'application/json') members = JSON.parse(utf8(body));
  } catch {
    // The same answer as for null, below.
  }
  if (members === null || typeof members !== 'object' || Array.isArray(members)) throw new Refusal(400, 'Wrong format');
  return members;
}

// ---- What the views answer ------------------------------------------------------------------------------------------

const NAMES = { 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not found' };

/** Ends a request with an error status. */
class Refusal extends Error {
  constructor(status, message = NAMES[status]) {
    super(message);
    this.status = status;
  }
}

const json = (value, status = 200) => ({ status, type: 'application/json', body: JSON.stringify(value), headers: {} });
const html = (status, title, headers = {}) => ({
  status,
  type: 'text/html; charset=utf-8',
  body: title && `<!doctype html>\n<title>${status} ${title}</title>\n<h1>${title}</h1>\n`,
  headers,
});

function refuse(status, message) {
  throw new Refusal(status, message);
}

const existingUser = (id) => users.get(id) ?? refuse(404);

function showUser(request, id) {
  return json(shown(id === 'me' && request.currentUser ? request.currentUser : existingUser(id)));
}

function createUser(request) {
  const { email, password, first_name, last_name } = readMembers(request);
  if (!email) refuse(400, 'email missing');
  if (!password) refuse(400, 'password missing');
  return json(shown(users.create({ email, _password: hash(password), first_name, last_name })), 201);
}

function changeUser(request, id) {
  const user = existingUser(id);
  const members = readMembers(request);
  for (const name of ['first_name', 'last_name']) user[name] = members[name] ?? user[name];
  users.save(user);
  return json(shown(user));
}

function deleteUser(request, id) {
  users.remove(existingUser(id));
  return json({});
}

async function login(request) {
  const form = await readForm(request);
  const [email, password] = [form.get('email'), form.get('password')];
  if (!email) refuse(400, 'email missing');
  if (!password) refuse(400, 'password missing');
  const [user] = findByEmail(email);
  if (!user) refuse(404, 'no user found for this email');
  if (!isValidPassword(user, password)) refuse(401, 'wrong password');
  const sessionId = (auth && auth.createSession(user.id)) ?? refuse(404);
  const response = json(shown(user));
  if (process.env.SESSION_NAME) response.headers['Set-Cookie'] = `${process.env.SESSION_NAME}=${sessionId}; Path=/`;
  return response;
}

function logout(request) {
  if (!auth || !auth.destroySession(request)) refuse(404);
  return json({});
}

const ROUTES = [
  [/^\/status\/?$/, { GET: () => json({ status: 'OK' }) }],
  [/^\/stats\/?$/, { GET: () => json({ users: users.objects.size }) }],
  [/^\/unauthorized\/?$/, { GET: () => refuse(401) }],
  [/^\/forbidden\/?$/, { GET: () => refuse(403) }],
  [/^\/users\/?$/, { GET: () => json(users.all().map(shown)), POST: createUser }],
  [/^\/users\/([^/]+)\/?$/, { GET: showUser, PUT: changeUser, DELETE: deleteUser }],
  [/^\/auth_session\/login\/?$/, { POST: login }],
  [/^\/auth_session\/logout\/?$/, { DELETE: logout }],
];

// ---- From a request to its response ---------------------------------------------------------------------------------

const PREFIX = '/api/v1';
const EXCLUDED = ['/status/', '/unauthorized/', '/forbidden/', '/auth_session/login/'].map((path) => PREFIX + path);

/** Lets nobody but known users through to protected paths; it comes before the routes, which so stay hidden. */
function gate(request) {
  if (!auth || !auth.requireAuth(request.path, EXCLUDED)) return;
  if (auth.authorizationHeader(request) === null && auth.sessionCookie(request) === null) refuse(401);
  request.currentUser = auth.currentUser(request) ?? refuse(403);
}

/** Finds the view for a path and a method, and returns its response. */
function route(request) {
  const inside = request.path.startsWith(PREFIX) ? request.path.slice(PREFIX.length) : '';
  const [pattern, views] = ROUTES.find(([candidate]) => candidate.test(inside)) ?? refuse(404);
  const allowed = [...Object.keys(views), ...(views.GET ? ['HEAD'] : []), 'OPTIONS'].join(', ');
  if (request.method === 'OPTIONS') return html(200, '', { Allow: allowed });
  const view = views[request.method === 'HEAD' ? 'GET' : request.method];
  if (!view) return html(405, 'Method Not Allowed', { Allow: allowed });
  return view(request, ...pattern.exec(inside).slice(1));
}

/** Returns the response to a request, whatever happens on the way. */
async function answer(request) {
  try {
    gate(request);
    return await route(request);
  } catch (error) {
    if (error instanceof Refusal) return json({ error: error.message }, error.status);
    console.error(error);
    return html(500, 'Internal Server Error');
  }
}

async function exchange(incoming, outgoing) {
  const { method, url, headers } = incoming;
  const request = {
    method,
    headers,
    path: querystring.unescape(url.split('?')[0]),
    mediaType: (headers['content-type'] ?? '').split(';')[0].trim().toLowerCase(),
    cookies: readCookies(headers.cookie),
    body: await readBody(incoming),
    currentUser: null,
  };
  const { status, type, body, headers: further } = await answer(request);
  if (request.path.startsWith(`${PREFIX}/`)) further['Access-Control-Allow-Origin'] = headers.origin ?? '*';
  outgoing.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body), ...further });
  outgoing.end(body);
}

users.load();
const auth = chosenAuth(process.env.AUTH_TYPE);
const server = http.createServer({ maxHeaderSize: 65_536 }, (incoming, outgoing) => {
  exchange(incoming, outgoing).catch(() => incoming.destroy()); // the client went away in the middle of its body
});
server.keepAliveTimeout = 75_000;
server.listen(Number(process.env.API_PORT ?? 5000), process.env.API_HOST ?? '0.0.0.0', () => {
  const { address, port } = server.address();
  console.log(` * Running on http://${address}:${port}/ (Press CTRL+C to quit)`);
});
