"""The faults themselves: one function for each, which changes the right server in one place.

A function is called `gate_prefix` when its fault is called `gate-prefix`. Most
of them put a wrong method in the place of a right one.
"""
from importlib import import_module

MODULES = ("gate", "basic", "session", "login", "logout", "expiry", "users", "answers")


def function(name):
    """Return the function that switches a fault on."""
    for module in MODULES:
        found = getattr(import_module("switches." + module), name.replace("-", "_"), None)
        if found:
            return found
    raise LookupError(f"the fault {name} has no switch")
