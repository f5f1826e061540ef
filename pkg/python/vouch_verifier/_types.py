"""What goes in and what comes out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Mapping, Optional, Sequence, Union

if TYPE_CHECKING:
    from ._content import Claim


@dataclass(frozen=True)
class Expected:
    """What the caller expects. ``None`` accepts anything that fits the key, and says so in the report.

    Values of another type raise ``TypeError``: an expectation that gets lost would be a check that is not made.
    """

    #: The model: hexadecimal or 32 bytes. ``None`` is the key's own.
    model_id: Union[str, bytes, None] = None
    #: The request: hexadecimal or 32 bytes. Whoever accepts any cannot tell an old proof from a new one.
    nonce: Union[str, bytes, None] = None
    #: What the model was given: real numbers by name, ``{"x": [0.5, 1.0]}``, all public inputs in their units; or the
    #: integers of all of them: a list, a tuple, an array, a range. Those of a chain are integers.
    inputs: Union[Sequence[int], Mapping[str, Any], None] = None
    #: What the model computed, in the same form.
    outputs: Union[Sequence[int], Mapping[str, Any], None] = None
    #: The salted hashes of hashed inputs, in the model's order: hexadecimal or 32 bytes each.
    input_hashes: Optional[Sequence[Union[str, bytes]]] = None
    #: The salted hashes of hashed outputs, likewise.
    output_hashes: Optional[Sequence[Union[str, bytes]]] = None
    #: Accept a key of a development setup: whoever made such a setup can forge proofs.
    allow_development_srs: bool = False

    def to_json(self) -> str:
        """The form that every interface of the module understands."""
        return json.dumps(self.to_fields())

    def to_fields(self) -> Dict[str, Any]:
        """The same, as an object."""
        if not isinstance(self.allow_development_srs, bool):
            # "false" and "no" are true.
            raise TypeError(f"allow_development_srs: expected True or False, got {self.allow_development_srs!r}")
        fields: Dict[str, Any] = {"allow_development_srs": self.allow_development_srs}
        for name in ("model_id", "nonce"):
            value = getattr(self, name)
            if value is not None:
                fields[name] = _hexadecimal(name, value)
        for name in ("input_hashes", "output_hashes"):
            values = getattr(self, name)
            if values is not None:
                fields[name] = [_hexadecimal(name, value) for value in items(name, values)]
        for name in ("inputs", "outputs"):
            values = getattr(self, name)
            if values is not None:
                fields[name] = [str(_integer(value)) for value in items(name, values)]
        return fields


def items(name: str, values: Any) -> Iterator[Any]:
    """The items of a list or of another sequence; nothing else is taken for one."""
    # A set forgets repetitions, an iterator is empty the second time, text and bytes would be read letter by letter.
    if isinstance(values, (str, bytes, bytearray, memoryview, Mapping)) or not (
        hasattr(values, "__getitem__") and hasattr(values, "__len__")
    ):
        raise TypeError(f"{name}: expected a list, got {values!r}")
    return iter(values)


def _hexadecimal(name: str, value: Any) -> str:
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    if isinstance(value, str):
        return value
    raise TypeError(f"{name}: expected hexadecimal text or bytes, got {value!r}")


def _integer(value: Any) -> int:
    # Also integers of numpy, but no floats and no booleans.
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"expected an integer, got {value!r}")
    return int(value.__index__())


@dataclass(frozen=True)
class Check:
    """One check of a verification."""

    name: str
    #: Whether it was reached, and nothing that it looked at was wrong.
    passed: bool
    #: For programs: ``ok``; ``not-checked`` (passed, but not compared with what you expect, because you did not say);
    #: ``not-reached`` (another check failed before); or the kind of failure.
    code: str
    #: For people: what was found, and what was not compared.
    detail: str
    #: Microseconds that it took.
    micros: int


@dataclass(frozen=True)
class Report:
    """All checks of a verification, in their order."""

    #: Identity of the key that was used, in hexadecimal.
    model_id: str
    #: Whether every check passed.
    accepted: bool
    checks: List[Check]
    #: What was shown, if the proof is accepted: inputs and outputs by name, in real numbers and as integers. Reports of
    #: chains have none.
    claim: Optional[Claim] = None

    @classmethod
    def from_json(cls, text: str) -> "Report":
        return cls.from_fields(json.loads(text))

    @classmethod
    def from_fields(cls, fields: Dict[str, Any]) -> "Report":
        return cls(fields["model_id"], fields["accepted"], [Check(**check) for check in fields["checks"]])


@dataclass(frozen=True)
class Tensor:
    """An input or output. ``integer / scale`` is the real number."""

    name: str
    shape: List[int]
    unit: str
    scale: float
    min: int
    max: int
    #: What a proof shows of it: ``public`` (its values), ``hashed`` (a salted hash of them) or ``private`` (nothing).
    visibility: str


@dataclass(frozen=True)
class Model:
    """What a key says of its model."""

    model_id: str
    srs_kind: str
    k: int
    proof_bytes: int
    inputs: List[Tensor]
    outputs: List[Tensor]
    layout: str

    @classmethod
    def from_json(cls, text: str) -> "Model":
        fields = json.loads(text)
        for section in ("inputs", "outputs"):
            tensors = [{**tensor, "min": int(tensor["min"]), "max": int(tensor["max"])} for tensor in fields[section]]
            fields[section] = [Tensor(**tensor) for tensor in tensors]
        return cls(**fields)


@dataclass(frozen=True)
class Contents:
    """What an envelope says. Nothing of it is verified."""

    model_id: str
    nonce: str
    inputs: List[int]
    outputs: List[int]
    input_hashes: List[str]
    output_hashes: List[str]
    proof_bytes: int

    @classmethod
    def from_json(cls, text: str) -> "Contents":
        return cls.from_fields(json.loads(text))

    @classmethod
    def from_fields(cls, fields: Dict[str, Any]) -> "Contents":
        return cls(**{**fields, **{name: [int(value) for value in fields[name]] for name in ("inputs", "outputs")}})
