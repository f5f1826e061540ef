"""Proves in zero knowledge that a machine-learning model computed an output, and verifies it in milliseconds.

::

    import numpy as np, vouch

    model = vouch.compile("model.onnx", input_range=(0, 1))
    key = vouch.setup(model, vouch.srs("powersOfTau28_hez_final_16.ptau"))

    nonce = vouch.random_nonce()                          # by who asks
    proof = vouch.prove(key, {"x": np.array([0.25, 0.5, 0.75, 1.0])}, nonce=nonce)

    report = vouch.verify(key.verifying_key, proof, nonce=nonce)
    print(report.claim.outputs["y"].values)

Arrays go in and come out by name, in the model's own units. Long calls take ``progress``, a function that is called with
the stage, the seconds so far and those that are expected; they release the GIL, and end on Ctrl-C. All exceptions are
:class:`VouchError`, by kind, with a ``hint`` that says what to do.
"""

from . import disclose
from ._arrays import Inputs, Progress
from ._errors import (
    Damaged,
    InputError,
    InternalError,
    ModelError,
    OutOfRange,
    Refused,
    SystemFailure,
    VouchError,
)
from ._export import from_sklearn, from_torch
from ._keys import KeyFiles, Proof, ProvingKey, Srs, VerifyingKey, prove, prove_batch, random_nonce, setup, srs
from ._model import Accuracy, InputRange, Model, Plan, Tensor, calibrate, compile, plan
from ._native import __version__
from ._publish import Published, publish
from ._verify import Check, Claim, ClaimedTensor, Report, report, verify

__all__ = [
    "Accuracy",
    "Check",
    "Claim",
    "ClaimedTensor",
    "Damaged",
    "InputError",
    "InputRange",
    "Inputs",
    "InternalError",
    "KeyFiles",
    "Model",
    "ModelError",
    "OutOfRange",
    "Plan",
    "Progress",
    "Proof",
    "ProvingKey",
    "Published",
    "Refused",
    "Report",
    "Srs",
    "SystemFailure",
    "Tensor",
    "VerifyingKey",
    "VouchError",
    "__version__",
    "calibrate",
    "compile",
    "disclose",
    "from_sklearn",
    "from_torch",
    "plan",
    "prove",
    "prove_batch",
    "publish",
    "random_nonce",
    "report",
    "setup",
    "srs",
    "verify",
]
