/** The five ways to find out who sends a request, with the course's names in Node's spelling. */
'use strict';

const { randomUUID } = require('node:crypto');
const { findByEmail, isValidPassword, users, userSessions } = require('./models.js');

/** Decodes bytes as text, or null if they are not UTF-8. */
function utf8(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** What all modes share; alone it knows nobody and keeps no sessions. */
class Auth {
  /** Returns whether a path is protected; its final slash does not count, and a final `*` matches anything. */
  requireAuth(path, excludedPaths) {
    const bare = (text) => (text.endsWith('/') ? text.slice(0, -1) : text);
    return !excludedPaths.some((excluded) =>
      excluded.endsWith('*') ? path.startsWith(excluded.slice(0, -1)) : bare(path) === bare(excluded),
    );
  }

  authorizationHeader(request) {
    return request.headers.authorization ?? null;
  }

  sessionCookie(request) {
    const name = process.env.SESSION_NAME;
    return (name && request.cookies.get(name)) ?? null;
  }

  currentUser() {
    return null;
  }

  createSession() {
    return null;
  }

  destroySession() {
    return false;
  }
}

/** An email and a password in every request. */
class BasicAuth extends Auth {
  currentUser(request) {
    const [email, password] = this.credentials(this.authorizationHeader(request));
    if (email === null) return null;
    return findByEmail(email).find((user) => isValidPassword(user, password)) ?? null;
  }

  /** Returns the email and the password of a header, or nulls; only the first colon separates. */
  credentials(header) {
    const base64 = /^Basic ((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/.exec(header ?? '');
    const decoded = base64 && utf8(Buffer.from(base64[1], 'base64'));
    const colon = decoded ? decoded.indexOf(':') : -1;
    return colon < 0 ? [null, null] : [decoded.slice(0, colon), decoded.slice(colon + 1)];
  }
}

/** A cookie with the id of a session that ends with the process. */
class SessionAuth extends Auth {
  sessions = new Map();

  createSession(userId) {
    const sessionId = randomUUID();
    this.sessions.set(sessionId, { user_id: userId, created_at: new Date() });
    return sessionId;
  }

  userIdForSessionId(sessionId) {
    return this.sessions.get(sessionId)?.user_id ?? null;
  }

  currentUser(request) {
    return users.get(this.userIdForSessionId(this.sessionCookie(request)));
  }

  destroySession(request) {
    const sessionId = this.sessionCookie(request);
    return this.userIdForSessionId(sessionId) !== null && this.sessions.delete(sessionId);
  }
}

/** Sessions that end SESSION_DURATION seconds after they began; what is no integer counts as 0, which is for ever. */
class SessionExpAuth extends SessionAuth {
  duration = /^\s*[-+]?\d+\s*$/.test(process.env.SESSION_DURATION) ? Number(process.env.SESSION_DURATION) : 0;

  isOver(session) {
    return this.duration > 0 && session.created_at.getTime() + this.duration * 1000 < Date.now();
  }

  userIdForSessionId(sessionId) {
    const session = this.sessions.get(sessionId);
    return session && !this.isOver(session) ? session.user_id : null;
  }
}

/** Sessions that are kept in a file, and so outlive the process. */
class SessionDbAuth extends SessionExpAuth {
  constructor() {
    super();
    userSessions.load();
    for (const session of userSessions.all()) this.sessions.set(session.session_id, session);
  }

  createSession(userId) {
    const session = userSessions.create({ user_id: userId, session_id: randomUUID() });
    this.sessions.set(session.session_id, session);
    return session.session_id;
  }

  destroySession(request) {
    const session = this.sessions.get(this.sessionCookie(request));
    if (!super.destroySession(request)) return false;
    userSessions.remove(session);
    return true;
  }
}

const MODES = {
  basic_auth: BasicAuth,
  session_auth: SessionAuth,
  session_exp_auth: SessionExpAuth,
  session_db_auth: SessionDbAuth,
};

/** Returns the mode that AUTH_TYPE names, or null without it. */
function chosenAuth(name) {
  if (!name) return null;
  const Mode = Object.hasOwn(MODES, name) ? MODES[name] : Auth;
  return new Mode();
}

module.exports = { chosenAuth, utf8 };
