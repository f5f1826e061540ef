"""Why a call has no answer. An envelope that is refused is an answer: a report."""

from __future__ import annotations


class VouchError(Exception):
    """Any of the below. ``code`` is for programs."""

    code: str = "error"


class Refused(VouchError):
    """The module cannot use an input."""

    def __init__(self, kind: str, code: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        #: What is wrong: ``key``, ``envelope``, ``chain``, ``expected``, or ``abi``.
        self.kind = kind
        self.code = code
        self.message = message


class OutOfFuel(VouchError):
    """The module needs more instructions than it was given."""

    code = "out-of-fuel"


class OutOfMemory(VouchError):
    """The module needs more memory than it was given."""

    code = "out-of-memory"


class Trapped(VouchError):
    """The module stopped by itself. It has no input for which it should."""

    code = "trap"
