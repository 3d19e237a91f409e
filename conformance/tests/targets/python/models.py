"""The two models, `User` and `UserSession`, each kept in one JSON file of the current directory.

The file of a class is `.db_<Class>.json`: an object of ids and attributes,
with times of the form `2017-09-25T01:55:17`.
"""
import json
import os
import threading
import uuid
from datetime import datetime, timezone
from hashlib import sha256


def utc_now():
    """Return the present moment in UTC, without a zone."""
    return datetime.now(timezone.utc).replace(tzinfo=None)


class Base:
    """What both models have: an id, two times, and a place in a collection."""

    attributes = ()
    lock = threading.RLock()

    def __init_subclass__(cls):
        """Give each model a collection of its own."""
        cls.objects = {}

    def __init__(self, **values):
        """Make an object of stored or new values; what is not given is null."""
        self.id = values.get("id") or str(uuid.uuid4())
        self.created_at = self.moment(values.get("created_at"))
        self.updated_at = self.moment(values.get("updated_at"))
        for name in self.attributes:
            setattr(self, name, values.get(name))

    @staticmethod
    def moment(text):
        """Read a stored time, with a `T` or a space; no text is now."""
        return datetime.fromisoformat(text) if text else utc_now()

    @classmethod
    def file(cls):
        """Return the name of the collection's file."""
        return f".db_{cls.__name__}.json"

    @classmethod
    def load(cls):
        """Read the collection; without a file it is empty."""
        if os.path.exists(cls.file()):
            with open(cls.file(), encoding="utf-8") as stored:
                cls.objects.update({key: cls(**values) for key, values in json.load(stored).items()})

    @classmethod
    def write(cls):
        """Write the whole collection to a new file, then put it in the old one's place."""
        new = cls.file() + ".new"
        with open(new, "w", encoding="utf-8") as stored:
            json.dump({key: one.to_stored() for key, one in cls.objects.items()}, stored)
        os.replace(new, cls.file())

    def save(self):
        """Put the object into its collection and the collection into its file."""
        with self.lock:
            self.updated_at = utc_now()
            self.objects[self.id] = self
            self.write()

    def remove(self):
        """Take the object out again and return whether it was there."""
        with self.lock:
            was_there = self.objects.pop(self.id, None) is not None
            self.write()
            return was_there

    @classmethod
    def get(cls, key):
        """Return the object with this id, or None."""
        return cls.objects.get(key)

    @classmethod
    def search(cls, **wanted):
        """Return the objects whose attributes all have the wanted values."""
        return [one for one in list(cls.objects.values())
                if all(getattr(one, name) == value for name, value in wanted.items())]

    def to_stored(self, separator="T"):
        """Return all attributes, in the form of the file."""
        times = {name: getattr(self, name).isoformat(separator, "seconds")
                 for name in ("created_at", "updated_at")}
        return {"id": self.id, **times, **{name: getattr(self, name) for name in self.attributes}}

    def to_json(self):
        """Return the attributes that clients may see: those without a leading underscore."""
        return {name: value for name, value in self.to_stored(" ").items() if not name.startswith("_")}


class User(Base):
    """Somebody with an email and a password, of which only the hash is kept."""

    attributes = ("email", "_password", "first_name", "last_name")

    def set_password(self, password):
        """Keep the hash of a password; anything but a string is kept as null."""
        self._password = self.hash(password) if isinstance(password, str) else None

    def is_valid_password(self, password):
        """Return whether this is the user's password."""
        return isinstance(password, str) and self._password is not None \
            and self.hash(password) == self._password

    def hash(self, password):
        """Return the lower-case hex SHA-256 of a password, as the course's files hold it."""
        return sha256(password.encode()).hexdigest()


class UserSession(Base):
    """A session that outlives the process."""

    attributes = ("user_id", "session_id")
