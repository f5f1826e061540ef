"""The exceptions of this package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, Optional, Type

if TYPE_CHECKING:
    from ._verify import Report


class VouchError(Exception):
    """The base of all exceptions of this package. Its text says what was found; :attr:`hint` says what to do."""

    #: What to do about it, where that is known.
    hint: Optional[str]

    def __init__(self, message: str, hint: Optional[str] = None) -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        text = str(self.args[0]) if self.args else ""
        return f"{text}\nhint: {self.hint}" if self.hint else text


class ModelError(VouchError, ValueError):
    """A model, or an option of its compilation, that cannot be used. Change the model or the option."""


class InputError(VouchError, ValueError):
    """Arguments of the wrong names, shapes or number. Correct the argument."""


class OutOfRange(InputError):
    """A value outside the range that the model was compiled for. Correct it, or compile with a wider range."""


class Refused(VouchError):
    """A proof that is not accepted. Do not rely on what it claims."""

    #: All checks, if the exception comes from :func:`vouch.verify`.
    report: Optional[Report] = None


class Damaged(VouchError):
    """A file or bytes that are damaged, or files that do not belong together. Get them again, or make them again."""


class SystemFailure(VouchError, OSError):
    """The operating system refuses: a missing file, no permission, a full disk, no memory."""


class InternalError(VouchError, RuntimeError):
    """An unsuitable processor, or a fault of this package."""


_KINDS: Dict[str, Type[VouchError]] = {
    "model": ModelError,
    "input": InputError,
    "out-of-range": OutOfRange,
    "refused": Refused,
    "damaged": Damaged,
    "system": SystemFailure,
}

_HINTS: Dict[str, str] = {
    "check-path": "check the path; Model.save and ProvingKey.save write the files that open reads",
    "rewrite-model": "rewrite that part of the model with other operators, and export it again",
    "declare-range": "give input_range=(lo, hi), a range for each input, or calibration=samples",
    "other-batch": "give as many samples as the key is for, or make a key with setup(model, ..., batch=n)",
    "wider-range": "correct the value, or compile the model again with a wider input_range",
    "name-inputs": "give each input of Model.inputs once, by its name and with all its values",
    "longer-srs": "use a reference string of more powers, or setup(model, development=True) while developing",
    "other-model": "open the key with the model that it was made for, or make keys again with setup",
    "owners-model": "use the owner's model: the published one has no weights to prove with",
    "ceremony": "make the keys with a ceremony's reference string (vouch.srs), or give allow_development=True for keys "
    "that you made yourself",
    "new-proof": "do not rely on the claim: ask for a new proof",
    "new-file": "get the file again, or make it again with this version",
    "compile-private": "compile the model again with private_weights=True",
}


def exception(kind: str, message: str, remedy: str) -> VouchError:
    """The exception of a kind; called by the native module."""
    return _KINDS.get(kind, InternalError)(message, _HINTS.get(remedy))
