"""Real numbers and the integers that stand for them; what an accepted proof says, by name."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from ._types import Contents, Model, Tensor


@dataclass(frozen=True)
class ClaimedTensor:
    """An input or output of a claim."""

    name: str
    shape: List[int]
    #: Unit of the real numbers; empty if unknown.
    unit: str
    #: Integers in one unit.
    scale: float
    #: ``public`` (its values are shown), ``hashed`` (a salted hash of them) or ``private`` (nothing).
    visibility: str
    #: Real numbers in the unit, in row-major order, if the proof shows them.
    values: Optional[List[float]]
    #: The integers that the proof is about: ``value = integer / scale``.
    integers: Optional[List[int]]
    #: The salted hash of the values, in hexadecimal, if the proof shows that.
    hash: Optional[str]


@dataclass(frozen=True)
class Claim:
    """What a proof has shown: this model, given these inputs, computes these outputs, and it answers this nonce."""

    #: Identity of the model, in hexadecimal.
    model_id: str
    #: ``ceremony``, or ``development``: whoever made such a setup can forge proofs.
    srs_kind: str
    nonce: str
    #: By name, in the model's order.
    inputs: Dict[str, ClaimedTensor]
    #: By name, in the model's order.
    outputs: Dict[str, ClaimedTensor]


def to_reals(tensor: Tensor, integers: Sequence[int]) -> List[float]:
    """The real numbers that integers of a tensor stand for: ``integer / scale``."""
    return [integer / tensor.scale for integer in integers]


def to_integers(tensor: Tensor, reals: Any) -> List[int]:
    """The integers that stand for all real numbers of a tensor: ``round(real * scale)``, halves away from zero.

    ``reals`` is a number, or (nested) lists or an array of numbers, in row-major order. Raises ``TypeError`` for values of
    another type or number, ``ValueError`` for one that is not finite or not in the tensor's range.
    """
    values = list(_flat(tensor.name, reals))
    size = math.prod(tensor.shape)
    if len(values) != size:
        raise TypeError(f"`{tensor.name}`: expected {size} values, got {len(values)}")
    return [_integer(tensor, index, value) for index, value in enumerate(values)]


def _flat(name: str, value: Any) -> Iterator[float]:
    if hasattr(value, "tolist"):
        # numpy's arrays and scalars.
        value = value.tolist()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        yield float(value)
        return
    if not isinstance(value, (list, tuple)):
        raise TypeError(f"`{name}`: expected a number or lists of numbers, got {value!r}")
    for item in value:
        yield from _flat(name, item)


def _integer(tensor: Tensor, index: int, real: float) -> int:
    product = real * tensor.scale
    if not math.isfinite(product):
        raise ValueError(f"`{tensor.name}`[{index}]: {real} is not a finite number in range")
    integer = math.trunc(product)
    if abs(product - integer) >= 0.5:
        integer += 1 if product > 0 else -1
    if not tensor.min <= integer <= tensor.max:
        low, high = to_reals(tensor, [tensor.min, tensor.max])
        raise ValueError(f"`{tensor.name}`[{index}]: {real} is not from {low} to {high}")
    return integer


def integers_by_name(section: str, tensors: Sequence[Tensor], named: Mapping[str, Any]) -> List[int]:
    """The integers of all public tensors of a section, from real numbers by name."""
    public = [tensor for tensor in tensors if tensor.visibility == "public"]
    known = {tensor.name for tensor in public}
    for name in named:
        if name not in known:
            raise TypeError(f"{section}: {name!r} is not one of the public tensors: {', '.join(sorted(known))}")
    missing = [tensor.name for tensor in public if tensor.name not in named]
    if missing or not public:
        raise TypeError(f"{section}: expected all public tensors; missing: {', '.join(missing) or 'there are none'}")
    return [integer for tensor in public for integer in to_integers(tensor, named[tensor.name])]


def _section(tensors: Sequence[Tensor], integers: List[int], hashes: List[str]) -> Dict[str, ClaimedTensor]:
    made: Dict[str, ClaimedTensor] = {}
    place = 0
    left = iter(hashes)
    for tensor in tensors:
        shown: Tuple[Optional[List[float]], Optional[List[int]], Optional[str]] = (None, None, None)
        if tensor.visibility == "public":
            own = integers[place : place + math.prod(tensor.shape)]
            place += len(own)
            shown = (to_reals(tensor, own), own, None)
        elif tensor.visibility == "hashed":
            shown = (None, None, next(left))
        about = (tensor.name, tensor.shape, tensor.unit, tensor.scale, tensor.visibility)
        made[tensor.name] = ClaimedTensor(*about, *shown)
    return made


def claim_of(model: Model, contents: Contents) -> Claim:
    """What an envelope shows, for the key that has accepted it."""
    return Claim(
        contents.model_id,
        model.srs_kind,
        contents.nonce,
        _section(model.inputs, contents.inputs, contents.input_hashes),
        _section(model.outputs, contents.outputs, contents.output_hashes),
    )
