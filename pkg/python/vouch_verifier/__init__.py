"""Verifies Vouch proofs of machine-learning inference, with the ``.wasm`` that browsers run."""

from ._chain import ChainReport, ExpectedChain, Link, inspect_chain, verify_chain
from ._content import Claim, ClaimedTensor, to_integers, to_reals
from ._errors import OutOfFuel, OutOfMemory, Refused, Trapped, VouchError
from ._module import WASM_PATH, Limits, wasm_sha256
from ._types import Check, Contents, Expected, Model, Report, Tensor
from ._verifier import Verifier, inspect, verify, version

__all__ = [
    "ChainReport",
    "Check",
    "Claim",
    "ClaimedTensor",
    "Contents",
    "Expected",
    "ExpectedChain",
    "Limits",
    "Link",
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
    "inspect_chain",
    "to_integers",
    "to_reals",
    "verify",
    "verify_chain",
    "version",
    "wasm_sha256",
]
