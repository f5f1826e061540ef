"""Verifies Vouch proofs of machine-learning inference, with the ``.wasm`` that browsers run."""

from ._errors import OutOfFuel, OutOfMemory, Refused, Trapped, VouchError
from ._module import WASM_PATH, Limits, wasm_sha256
from ._types import Check, Contents, Expected, Model, Report, Tensor
from ._verifier import Verifier, inspect, verify, version

__all__ = [
    "Check",
    "Contents",
    "Expected",
    "Limits",
    "Model",
    "OutOfFuel",
    "OutOfMemory",
    "Refused",
    "Report",
    "Tensor",
    "Trapped",
    "Verifier",
    "VouchError",
    "WASM_PATH",
    "inspect",
    "verify",
    "version",
    "wasm_sha256",
]
