"""Arrays to and from the native module: name, shape, and 64-bit floats in row-major order as bytes."""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Tuple, Union

import numpy as np
import numpy.typing as npt

from ._errors import InputError

Array = Tuple[str, Tuple[int, ...], bytes]
FloatArray = npt.NDArray[np.float64]
#: Arrays by input name; a single array stands for the input of a model that has one.
Inputs = Union[Mapping[str, npt.ArrayLike], npt.ArrayLike]
PathLike = Union[str, "os.PathLike[str]"]
#: Called with the stage, the seconds so far, and the seconds that the work is expected to take (0 if unknown).
Progress = Callable[[str, float, float], Any]


def _array(name: str, values: Any) -> Array:
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise InputError(f"`{name}`: not an array of numbers: {error}") from None
    if array.dtype.kind not in "fiub":
        raise InputError(f"`{name}`: expected numbers, got an array of {array.dtype}")
    exact = array.astype(np.float64)
    if array.dtype.kind in "iu" and not np.array_equal(exact.astype(array.dtype), array):
        raise InputError(f"`{name}`: integers above 2^53 are not exact")
    return name, array.shape, np.ascontiguousarray(exact).tobytes()


def to_native(inputs: Any, names: Iterable[str]) -> List[Array]:
    """The arrays of inputs. ``names`` are those of the model's inputs, for a single array without a name."""
    if isinstance(inputs, Mapping):
        for name in inputs:
            if not isinstance(name, str):
                raise InputError(f"names are text, got {name!r}")
        return [_array(name, values) for name, values in inputs.items()]
    known = list(names)
    if len(known) != 1:
        listed = ", ".join(f"`{name}`" for name in known)
        raise InputError(f"the model has {len(known)} inputs ({listed}): give a dictionary by name")
    return [_array(known[0], inputs)]


def from_native(arrays: Iterable[Tuple[str, List[int], bytes]]) -> Dict[str, FloatArray]:
    """Arrays by name. They can be written to."""
    return {name: np.frombuffer(data, dtype=np.float64).reshape(shape).copy() for name, shape, data in arrays}


def floats(values: Any) -> bytes:
    """The bytes of one array."""
    return _array("values", values)[2]


def bytes32(what: str, value: Union[str, bytes]) -> bytes:
    """32 bytes, from hexadecimal text or as they are."""
    if isinstance(value, str):
        try:
            value = bytes.fromhex(value)
        except ValueError:
            raise InputError(f"{what}: expected 64 hexadecimal digits, got {value!r}") from None
    if not isinstance(value, (bytes, bytearray)) or len(value) != 32:
        raise InputError(f"{what}: expected 32 bytes or 64 hexadecimal digits, got {value!r}")
    return bytes(value)


def optional32(what: str, value: Union[str, bytes, None]) -> Optional[bytes]:
    """The same of a value that may be absent."""
    return None if value is None else bytes32(what, value)
