#!/usr/bin/env python3
"""A model whose objects are kept in one JSON file of the current directory.

The file of a class is `.db_<Class>.json`. It is an object of ids and
attributes, with times such as `2017-09-25T01:55:17`.
"""
import json
import os
import threading
import uuid
from datetime import datetime, timezone

TIME_FORMAT = "%Y-%m-%dT%H:%M:%S"


def utc_now():
    """Return the present moment in UTC, without a zone."""
    return datetime.now(timezone.utc).replace(tzinfo=None)


class Base:
    """An object with an id, the times of its making and its last change."""

    attributes = ()
    _lock = threading.RLock()

    def __init_subclass__(cls):
        """Give each model its own collection, there before any loading."""
        cls._objects = {}

    def __init__(self, **values):
        """Make an object from stored or new values; the rest is null."""
        self.id = values.get("id") or str(uuid.uuid4())
        self.created_at = self._read_time(values.get("created_at"))
        self.updated_at = self._read_time(values.get("updated_at"))
        for name in self.attributes:
            setattr(self, name, values.get(name))

    @staticmethod
    def _read_time(text):
        """Return a stored time, or the present moment if there is none.

        Old files have a space where newer ones have the letter T.
        """
        if not text:
            return utc_now()
        return datetime.strptime(text.replace(" ", "T"), TIME_FORMAT)

    @classmethod
    def _file_name(cls):
        """Return the name of the collection's file."""
        return ".db_{}.json".format(cls.__name__)

    @classmethod
    def load_from_file(cls):
        """Fill the collection from its file, if there is one."""
        if not os.path.exists(cls._file_name()):
            return
        with open(cls._file_name(), encoding="utf-8") as stored:
            for key, values in json.load(stored).items():
                cls._objects[key] = cls(**values)

    @classmethod
    def _save_to_file(cls):
        """Write the collection to a temporary file, then replace the file.

        A reader, or a crash in the middle, never meets half a file.
        """
        draft = cls._file_name() + ".tmp"
        with open(draft, "w", encoding="utf-8") as stored:
            json.dump({key: one.to_json(for_file=True)
                       for key, one in cls._objects.items()}, stored)
        os.replace(draft, cls._file_name())

    def save(self):
        """Keep the object, in memory and in the file."""
        with self._lock:
            self.updated_at = utc_now()
            self._objects[self.id] = self
            self._save_to_file()

    def remove(self):
        """Delete the object; only the first of several callers gets True."""
        with self._lock:
            if self._objects.pop(self.id, None) is None:
                return False
            self._save_to_file()
            return True

    def to_json(self, for_file=False):
        """Return the attributes; private ones only for the file."""
        shown = {
            "id": self.id,
            "created_at": self.created_at.strftime(TIME_FORMAT),
            "updated_at": self.updated_at.strftime(TIME_FORMAT),
        }
        for name in self.attributes:
            if for_file or not name.startswith("_"):
                shown[name] = getattr(self, name)
        return shown

    @classmethod
    def get(cls, key):
        """Return the object with an id, or None."""
        return cls._objects.get(key)

    @classmethod
    def count(cls):
        """Return how many objects there are."""
        return len(cls._objects)

    @classmethod
    def search(cls, wanted=None):
        """Return the objects that have all the wanted attributes."""
        return [one for one in list(cls._objects.values())
                if all(getattr(one, name) == value
                       for name, value in (wanted or {}).items())]
