"""Facts about hashed inputs: a range that a value or a weighted sum lies in, without showing anything else.

The proof of a model shows a salted hash of a hashed input. Its maker can later prove facts about the values behind that
hash::

    key = disclose.setup(model, "income", srs)
    fact = disclose.Fact(lo=30_000, hi=90_000, index=0)
    shown = disclose.prove(key, income, salt=proof.salt, fact=fact)
    disclose.verify(key.verifying_key, shown.proof, hash=report.claim.inputs["income"].hash, fact=fact)
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence, Union

from . import _native
from ._arrays import PathLike, Progress, bytes32, floats, optional32
from ._errors import InputError
from ._keys import ProvingKey, Srs, VerifyingKey, _nonce
from ._model import Model
from ._verify import ProofLike, proof_bytes

__all__ = ["Disclosed", "Fact", "Shown", "open_key", "prove", "setup", "verify"]


@dataclass(frozen=True)
class Fact:
    """That one value (``index``, in row-major order), or the sum of all values times ``weights``, is from ``lo`` to
    ``hi``, both included, in the tensor's unit. With ``lo == hi`` it is that value."""

    lo: float
    hi: float
    index: Optional[int] = None
    #: Integers from -1000 to 1000, one for each value.
    weights: Optional[Sequence[int]] = None

    def _native(self) -> Dict[str, Any]:
        if (self.index is None) == (self.weights is None):
            raise InputError("a fact is about one value (index) or a weighted sum of all (weights): give one of them")
        weights = None if self.weights is None else [int(weight) for weight in self.weights]
        return {"index": self.index, "weights": weights, "lo": float(self.lo), "hi": float(self.hi)}


@dataclass(frozen=True)
class Disclosed:
    """The proof of a fact."""

    #: What verifiers get.
    proof: bytes
    #: The fact in words: ``1.5 ≤ x[2] ≤ 2 h``.
    words: str


@dataclass(frozen=True)
class Shown:
    """A fact that a verified proof states."""

    tensor: str
    #: The value's position, if the fact is about a single one.
    index: Optional[int]
    weights: List[int]
    lo: float
    hi: float
    unit: str
    #: The fact in words.
    words: str
    #: Identity of the key, in hexadecimal.
    model_id: str


def setup(
    model: Model,
    tensor: str,
    srs: Optional[Srs] = None,
    *,
    development: bool = False,
    progress: Optional[Progress] = None,
) -> ProvingKey:
    """Makes the key for facts about a hashed input. ``srs`` and ``development`` are as in :func:`vouch.setup`.

    Raises :class:`vouch.InputError` if the model has no such hashed input.
    """
    if (srs is None) != development:
        raise InputError(
            "keys are made with a reference string",
            "give srs=vouch.srs(path) with the result of a ceremony, or development=True for keys that convince only you",
        )
    return ProvingKey(_native.fact_key(model._native, tensor, None if srs is None else srs._native, progress))


def open_key(dir: PathLike, tensor: str) -> ProvingKey:
    """Reads the key for facts about an input from a model's folder, where ``vouch disclose setup`` writes it."""
    return ProvingKey(_native.open_fact_key(os.fspath(dir), tensor))


def prove(
    key: ProvingKey,
    values: Any,
    *,
    salt: Union[str, bytes],
    fact: Fact,
    nonce: Union[str, bytes, None] = None,
    progress: Optional[Progress] = None,
) -> Disclosed:
    """Proves a fact about the values of a hashed input. ``salt`` is that of the model's proof (:attr:`vouch.Proof.salt`).

    Raises :class:`vouch.OutOfRange` if the fact is not true: then there is no proof.
    """
    secret = bytes32("salt", salt)
    return Disclosed(*_native.prove_fact(key._native, floats(values), secret, fact._native(), _nonce(nonce), progress))


def verify(
    key: VerifyingKey,
    proof: ProofLike,
    *,
    hash: str,
    fact: Optional[Fact] = None,
    nonce: Union[str, bytes, None] = None,
    allow_development: bool = False,
) -> Shown:
    """Verifies the proof of a fact about the values behind ``hash``, which a verified proof of the model shows
    (``report.claim.inputs[name].hash``). Without ``fact``, any is accepted: look at what it says.

    Raises :class:`vouch.Refused` if the proof does not show it.
    """
    expected = None if fact is None else fact._native()
    shown = _native.verify_fact(
        key._native, proof_bytes(proof), hash, expected, optional32("nonce", nonce), allow_development
    )
    return Shown(**json.loads(shown))
