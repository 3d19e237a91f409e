/** What is kept: users, and the sessions that outlive the process, each class in one file of the current directory. */
'use strict';

const { createHash, randomUUID, timingSafeEqual } = require('node:crypto');
const fs = require('node:fs');

/** Objects of one class by their id, in memory and in a file. */
class Collection {
  constructor(name, attributes) {
    this.file = `.db_${name}.json`;
    this.attributes = attributes;
    this.objects = new Map();
  }

  /** Reads the file, if there is one; times may have a `T` or a space in the middle. */
  load() {
    if (!fs.existsSync(this.file)) return;
    for (const [id, stored] of Object.entries(JSON.parse(fs.readFileSync(this.file, 'utf8')))) {
      const moment = (text) => new Date(`${text.replace(' ', 'T')}Z`);
      const times = { created_at: moment(stored.created_at), updated_at: moment(stored.updated_at) };
      this.objects.set(id, { ...stored, ...times });
    }
  }

  /** Writes a second file and puts it in the place of the first, so that no reader meets half a file. */
  write() {
    const stored = {};
    for (const [id, object] of this.objects) stored[id] = this.plain(object);
    fs.writeFileSync(`${this.file}.new`, JSON.stringify(stored));
    fs.renameSync(`${this.file}.new`, this.file);
  }

  /** Returns an object as it is stored: times in seconds, attributes that were not given as null. */
  plain(object) {
    const shown = {
      id: object.id,
      created_at: object.created_at.toISOString().slice(0, 19),
      updated_at: object.updated_at.toISOString().slice(0, 19),
    };
    for (const name of this.attributes) shown[name] = object[name] ?? null;
    return shown;
  }

  /** Makes an object, keeps it and returns it. */
  create(values) {
    const object = { id: randomUUID(), created_at: new Date(), ...values };
    this.save(object);
    return object;
  }

  save(object) {
    object.updated_at = new Date();
    this.objects.set(object.id, object);
    this.write();
  }

  remove(object) {
    this.objects.delete(object.id);
    this.write();
  }

  get(id) {
    return this.objects.get(id) ?? null;
  }

  all() {
    return [...this.objects.values()];
  }
}

const users = new Collection('User', ['email', '_password', 'first_name', 'last_name']);
const userSessions = new Collection('UserSession', ['user_id', 'session_id']);

const findByEmail = (email) => users.all().filter((user) => user.email === email);

/** Returns what is kept of a password: its hash; what is no text is kept as null. */
function hash(password) {
  return typeof password === 'string' ? createHash('sha256').update(password, 'utf8').digest('hex') : null;
}

/** Returns whether a text is the password of a user; hashes are compared in constant time. */
function isValidPassword(user, password) {
  if (hash(password) === null || !user._password) return false;
  const [given, kept] = [Buffer.from(hash(password)), Buffer.from(user._password)];
  return given.length === kept.length && timingSafeEqual(given, kept);
}

/** Returns what a client may see of a user: all but the attributes that begin with an underscore. */
function shown(user) {
  const visible = Object.entries(users.plain(user)).filter(([name]) => !name.startsWith('_'));
  return Object.fromEntries(visible.sort(([one], [other]) => (one < other ? -1 : 1)));
}

module.exports = { users, userSessions, findByEmail, hash, isValidPassword, shown };
