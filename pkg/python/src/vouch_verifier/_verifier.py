"""Keys, expectations and reports."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Iterable, Optional

from ._module import Instance, VouchError


@dataclass(frozen=True)
class Expected:
    """What the caller expects. Trust comes from here, never from the envelope."""

    #: The model's identity, 64 hexadecimal digits; ``None`` is the key's own.
    model_id: Optional[str] = None
    #: The nonce of the request, 64 hexadecimal digits; ``None`` is any, so an old proof passes for a new one.
    nonce: Optional[str] = None
    #: The inputs as integers; ``None`` is any that fit the schema.
    inputs: Optional[Iterable[int]] = None
    #: The outputs as integers; ``None`` is any that fit the schema.
    outputs: Optional[Iterable[int]] = None
    #: Accept a key of a development setup, for which proofs can be forged.
    allow_development_srs: bool = False

    def to_json(self) -> str:
        """As the module reads it."""
        fields: dict[str, Any] = {"allow_development_srs": self.allow_development_srs}
        for name in ("model_id", "nonce"):
            if getattr(self, name) is not None:
                fields[name] = getattr(self, name)
        for name in ("inputs", "outputs"):
            if getattr(self, name) is not None:
                fields[name] = [_integer(value) for value in getattr(self, name)]
        return json.dumps(fields)


def _integer(value: Any) -> str:
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise VouchError("expected", f"expected an integer, got {value!r}")
    return str(value.__index__())


@dataclass(frozen=True)
class Check:
    """One check that was made."""

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True)
class Report:
    """All checks of one verification."""

    model_id: str
    accepted: bool
    checks: tuple[Check, ...]

    @classmethod
    def from_json(cls, text: str) -> Report:
        """A report as the module wrote it."""
        fields = json.loads(text)
        return cls(fields["model_id"], fields["accepted"], tuple(Check(**check) for check in fields["checks"]))


class Verifier:
    """Reads proofs of one model."""

    def __init__(self, key: bytes) -> None:
        self._bytes = bytes(key)
        self._instance: Optional[Instance] = None
        about = self._load()
        self.model_id: str = about["model_id"]
        self.srs_kind: str = about["srs_kind"]
        self.proof_bytes: int = about["proof_bytes"]
        self.schema: dict[str, Any] = about["schema"]

    def _load(self) -> dict[str, Any]:
        instance = Instance()
        loaded = json.loads(instance.call("vouch_key_load", [], [self._bytes]))
        self._instance, self._handle = instance, loaded["handle"]
        return loaded["key"]

    def verify(self, envelope: bytes, expected: Expected) -> Report:
        """Verifies an envelope against what is expected."""
        return Report.from_json(self.verify_json(envelope, expected))

    def verify_json(self, envelope: bytes, expected: Expected) -> str:
        """The report as the module wrote it: the same bytes on every host."""
        inputs = [expected.to_json().encode(), bytes(envelope)]
        if self._instance is None:
            self._load()
        assert self._instance is not None
        try:
            return self._instance.call("vouch_verify", [self._handle], inputs)
        except VouchError as error:
            if error.code in ("trap", "memory"):
                self._instance = None
            raise


def verify(key: bytes, envelope: bytes, expected: Expected) -> Report:
    """Verifies one envelope; for several of one model, keep a `Verifier`."""
    return Verifier(key).verify(envelope, expected)


def inspect(envelope: bytes) -> dict[str, Any]:
    """What an envelope says; nothing of it has been verified."""
    return json.loads(Instance().call("vouch_inspect", [], [bytes(envelope)]))


def version() -> dict[str, Any]:
    """The versions of the module and of the formats that it reads."""
    return json.loads(Instance().call("vouch_version", [], []))
