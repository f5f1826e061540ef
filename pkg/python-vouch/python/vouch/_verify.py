"""Verification: reports with content."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from . import _native
from ._arrays import FloatArray, Inputs, PathLike, optional32, to_native
from ._errors import InputError, Refused
from ._keys import Proof, VerifyingKey
from ._model import Visibility

#: A proof, its bytes, or the path of its file.
ProofLike = Union[Proof, bytes, PathLike]


@dataclass(frozen=True)
class Check:
    """One check of a verification."""

    name: str
    #: Whether it was reached, and nothing that it looked at was wrong.
    passed: bool
    #: For programs: ``ok``; ``not-checked`` (passed, but not compared with what you expect, because you did not say);
    #: ``not-reached`` (another check failed before); or the kind of failure, such as ``nonce``.
    code: str
    #: In a word or two: ``ok``, ``not checked``, ``not reached`` or ``refused``.
    verdict: str
    #: For people: what was found, and what was not compared.
    detail: str


@dataclass(frozen=True)
class ClaimedTensor:
    """An input or output of a verified claim."""

    name: str
    #: Unit of the real numbers; empty if unknown.
    unit: str
    #: Integers in one unit: ``values = integers / scale``.
    scale: float
    visibility: Visibility
    #: Real numbers in the unit, if the proof shows them.
    values: Optional[FloatArray]
    #: The integers that the proof is about, if it shows them.
    integers: Optional[npt.NDArray[np.int64]]
    #: The salted hash of the values, in hexadecimal, if the proof shows that.
    hash: Optional[str]


@dataclass(frozen=True)
class Claim:
    """What a proof has shown: this model, given these inputs, computes these outputs, and it answers this nonce."""

    #: Identity of the model, in hexadecimal.
    model_id: str
    #: ``ceremony``, or ``development``: whoever made such a setup can forge proofs.
    srs_kind: str
    #: The request, in hexadecimal.
    nonce: str
    #: Inputs by name, in the model's order.
    inputs: Dict[str, ClaimedTensor]
    #: Outputs by name, in the model's order.
    outputs: Dict[str, ClaimedTensor]


@dataclass(frozen=True)
class Report:
    """All checks of a verification, in their order, and what was shown."""

    #: Identity of the key that was used, in hexadecimal.
    model_id: str
    #: Whether every check passed.
    accepted: bool
    checks: List[Check]
    #: What was shown, if the proof is accepted.
    claim: Optional[Claim]

    def __str__(self) -> str:
        lines = ["accepted" if self.accepted else "refused"]
        lines += [f"  {check.verdict:<11}  {check.name:<16}  {check.detail}" for check in self.checks]
        return "\n".join(lines)


def _tensor(fields: Dict[str, Any]) -> ClaimedTensor:
    shape: Tuple[int, ...] = tuple(fields["shape"])
    values, integers = fields["values"], fields["integers"]
    return ClaimedTensor(
        name=fields["name"],
        unit=fields["unit"],
        scale=fields["scale"],
        visibility=fields["visibility"],
        values=None if values is None else np.array(values, dtype=np.float64).reshape(shape),
        integers=None if integers is None else np.array([int(i) for i in integers], dtype=np.int64).reshape(shape),
        hash=fields["hash"],
    )


def _report(text: str) -> Report:
    fields = json.loads(text)
    claim = fields["claim"]
    if claim is not None:
        sections = {name: {t["name"]: _tensor(t) for t in claim[name]} for name in ("inputs", "outputs")}
        claim = Claim(claim["model_id"], claim["srs_kind"], claim["nonce"], **sections)
    return Report(fields["model_id"], fields["accepted"], [Check(**check) for check in fields["checks"]], claim)


def proof_bytes(proof: ProofLike) -> bytes:
    """The bytes of a proof."""
    if isinstance(proof, Proof):
        return proof.to_bytes()
    if isinstance(proof, (bytes, bytearray)):
        return bytes(proof)
    return Path(os.fspath(proof)).read_bytes()


def _hashes(what: str, hashes: Optional[Mapping[str, str]], names: Sequence[str]) -> Optional[List[str]]:
    if hashes is None:
        return None
    if not isinstance(hashes, Mapping) or set(hashes) != set(names):
        listed = ", ".join(f"`{name}`" for name in names) or "there are none"
        raise InputError(f"{what}: expected a hash for each hashed tensor by name ({listed}), got {hashes!r}")
    return [hashes[name] for name in names]


def report(
    key: VerifyingKey,
    proof: ProofLike,
    *,
    nonce: Union[str, bytes, None] = None,
    inputs: Optional[Inputs] = None,
    outputs: Optional[Inputs] = None,
    input_hashes: Optional[Mapping[str, str]] = None,
    output_hashes: Optional[Mapping[str, str]] = None,
    model_id: Optional[str] = None,
    allow_development: bool = False,
) -> Report:
    """As :func:`verify`, but a refused proof gives a report that is not accepted, and no exception."""
    if not isinstance(allow_development, bool):
        raise InputError(f"allow_development: expected True or False, got {allow_development!r}")
    hashed_inputs = [t.name for t in key.inputs.values() if t.visibility == "hashed"]
    hashed_outputs = [t.name for t in key.outputs.values() if t.visibility == "hashed"]
    public_inputs = [t.name for t in key.inputs.values() if t.visibility == "public"]
    public_outputs = [t.name for t in key.outputs.values() if t.visibility == "public"]
    expected = {
        "model_id": model_id,
        "nonce": optional32("nonce", nonce),
        "inputs": None if inputs is None else to_native(inputs, public_inputs),
        "outputs": None if outputs is None else to_native(outputs, public_outputs),
        "input_hashes": _hashes("input_hashes", input_hashes, hashed_inputs),
        "output_hashes": _hashes("output_hashes", output_hashes, hashed_outputs),
        "allow_development": allow_development,
    }
    return _report(_native.report(key._native, proof_bytes(proof), expected))


def verify(
    key: VerifyingKey,
    proof: ProofLike,
    *,
    nonce: Union[str, bytes, None] = None,
    inputs: Optional[Inputs] = None,
    outputs: Optional[Inputs] = None,
    input_hashes: Optional[Mapping[str, str]] = None,
    output_hashes: Optional[Mapping[str, str]] = None,
    model_id: Optional[str] = None,
    allow_development: bool = False,
) -> Report:
    """Verifies a proof: the report of an accepted one, with what it has shown in :attr:`Report.claim`.

    Trust comes from the key and from what you expect, never from the proof. What you do not say accepts anything that
    fits the key, and its check is ``not-checked``. Without the ``nonce`` that you asked with, an old proof is as good as
    a new one. ``inputs`` and ``outputs`` are arrays by name, in their units: all public ones of that side.
    ``input_hashes`` and ``output_hashes`` are those of hashed tensors by name (:meth:`VerifyingKey.input_hash`).
    ``model_id`` is for a key that you do not trust. A key of a development setup is refused unless
    ``allow_development=True``: whoever made it can forge proofs.

    Raises :class:`Refused`, with the checks in its ``report``; :class:`InputError` for expectations that do not fit the
    key.
    """
    made = report(
        key,
        proof,
        nonce=nonce,
        inputs=inputs,
        outputs=outputs,
        input_hashes=input_hashes,
        output_hashes=output_hashes,
        model_id=model_id,
        allow_development=allow_development,
    )
    if made.accepted:
        return made
    failed = [check for check in made.checks if not check.passed and check.code != "not-reached"]
    named = (check.detail if check.detail.startswith(check.name) else f"{check.name}: {check.detail}" for check in failed)
    reasons = "; ".join(named)
    setup = all(check.code == "development-setup" for check in failed)
    hint = "do not rely on the claim: ask for a new proof"
    if setup:
        hint = "make the keys with a ceremony's reference string, or give allow_development=True for keys of your own"
    refused = Refused(reasons, hint)
    refused.report = made
    raise refused
