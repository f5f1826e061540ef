"""What others need of a model."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Dict, Mapping, Optional

from . import _native
from ._arrays import PathLike
from ._keys import VerifyingKey
from ._model import Model


@dataclass(frozen=True)
class Published:
    """A published model: what was written into its folder."""

    #: The model, without private weights.
    model: Model
    #: The verifying keys, by the names of their files.
    keys: Dict[str, VerifyingKey]


def publish(dir: PathLike, output: PathLike, *, accuracy: Optional[Mapping[str, float]] = None) -> Published:
    """Writes what others need to verify proofs of the model in ``dir`` into the folder ``output``: the model, without
    private weights, and the verifying keys. The proving keys stay.

    ``accuracy`` is a largest absolute error against the float model by output, in its unit, that you answer for.

    Raises :class:`Damaged` if ``dir`` has no ``verifier.key`` or a key of another model, :class:`ModelError` for a stated
    accuracy that the compiler's measurement contradicts, or ranges that would reveal something about private weights.
    """
    model, keys = _native.publish(os.fspath(dir), os.fspath(output), dict(accuracy or {}))
    return Published(Model(model), {name: VerifyingKey(key) for name, key in keys})
