"""What most switches need: ways to put something wrong in the place of a right method."""
from api import NAMES, Abort, Api


def instead_of(owner, name):
    """Put the decorated function in the place of a method; it is given the right one first."""
    right = getattr(owner, name)

    def install(wrong):
        setattr(owner, name, lambda self, *values: wrong(right, self, *values))
    return install


def restate(owner, name, status, other, message=None):
    """Make a method abort with another status, and another text if one is given."""
    @instead_of(owner, name)
    def method(right, self, *values):
        try:
            return right(self, *values)
        except Abort as refusal:
            if refusal.status != status:
                raise
            kept = None if refusal.message == NAMES.get(status) else refusal.message
            raise Abort(other, message or kept) from refusal


def answer_with(view, status):
    """Make a view answer with another status."""
    @instead_of(Api, view)
    def method(right, self, *values):
        response = right(self, *values)
        response.status = status
        return response


def unknown(is_unknown):
    """Make the paths unknown for which a function says so."""
    @instead_of(Api, "find")
    def find(right, self, request):
        if is_unknown(request.path):
            raise Abort(404)
        return right(self, request)
