"""Models of other packages, by their own exporters. Those packages are imported only here, when they are needed."""

from __future__ import annotations

import inspect
import io
from typing import Any, Dict, Optional, Sequence

import numpy as np

from ._errors import ModelError, VouchError
from ._model import Model, compile


def _missing(package: str, install: str) -> VouchError:
    return ModelError(f"{package} is not installed", f"pip install {install}")


def from_torch(
    module: Any,
    example: Any,
    *,
    input_names: Optional[Sequence[str]] = None,
    output_names: Optional[Sequence[str]] = None,
    opset: int = 17,
    **options: Any,
) -> Model:
    """Exports a torch module with ``torch.onnx.export`` and compiles it.

    ``example`` is a tensor, or a tuple of tensors, as the module takes them: proofs are about inputs of these shapes.
    Inputs are named as the arguments of ``module.forward``, outputs ``output``, ``output_1``, …, unless
    ``input_names`` or ``output_names`` say otherwise. The other options are those of :func:`vouch.compile`; a range or
    calibration samples are needed for each input.
    """
    try:
        import torch  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        raise _missing("torch", "torch onnx") from None
    arguments = example if isinstance(example, tuple) else (example,)
    if input_names is None:
        input_names = [name for name, _ in zip(inspect.signature(module.forward).parameters, arguments)]
    settings: Dict[str, Any] = {"opset_version": opset, "input_names": list(input_names)}
    was_training = bool(getattr(module, "training", False))
    module.eval()
    try:
        if output_names is None:
            with torch.no_grad():
                made = module(*arguments)
            count = len(made) if isinstance(made, (tuple, list)) else 1
            output_names = ["output"] + [f"output_{i}" for i in range(1, count)]
        settings["output_names"] = list(output_names)
        if "dynamo" in inspect.signature(torch.onnx.export).parameters:
            # The exporter that needs no further package.
            settings["dynamo"] = False
        file = io.BytesIO()
        torch.onnx.export(module, arguments, file, **settings)
    finally:
        module.train(was_training)
    options.setdefault("name", type(module).__name__)
    return compile(file.getvalue(), **options)


def from_sklearn(estimator: Any, X: Any, **options: Any) -> Model:
    """Exports a fitted scikit-learn estimator or pipeline with ``skl2onnx`` and compiles it.

    ``X`` is samples of its input, one a row: they fix the number of features, and their values give the ranges unless
    ``input_range`` or ``calibration`` does. The input is called ``x``; the outputs have skl2onnx's names, such as
    ``variable``, or ``label`` and ``probabilities``. The other options are those of :func:`vouch.compile`.
    """
    try:
        from skl2onnx import to_onnx  # type: ignore[import-untyped,import-not-found,unused-ignore]
        from skl2onnx.common.data_types import (  # type: ignore[import-untyped,import-not-found,unused-ignore]
            FloatTensorType,
        )
    except ImportError:
        raise _missing("skl2onnx", "skl2onnx") from None
    samples = np.asarray(X, dtype=np.float64)
    if samples.ndim != 2 or samples.shape[0] == 0:
        raise ModelError(f"X has the shape {samples.shape}: expected samples by features")
    features = samples.shape[1]
    settings: Dict[str, Any] = {"initial_types": [("x", FloatTensorType([1, features]))]}
    if hasattr(estimator, "predict_proba"):
        # A tensor of probabilities instead of a list of dictionaries.
        settings["options"] = {id(estimator): {"zipmap": False}}
    onnx = to_onnx(estimator, **settings)
    if options.get("input_range") is None and options.get("calibration") is None:
        options["calibration"] = {"x": samples.reshape(len(samples), 1, features)}
    options.setdefault("name", type(estimator).__name__)
    return compile(onnx, **options)
