"""Compilation and models."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any, Dict, List, Literal, Mapping, Optional, Sequence, Tuple, Union

from . import _native
from ._arrays import FloatArray, Inputs, PathLike, Progress, from_native, to_native
from ._errors import InputError

Visibility = Literal["public", "hashed", "private"]
Objective = Literal["prover", "proof", "memory"]
Range = Tuple[float, float]
#: A path to an ONNX file, its bytes, or an ``onnx.ModelProto``.
Onnx = Union[PathLike, bytes, Any]


@dataclass(frozen=True)
class Tensor:
    """An input or output of a model."""

    name: str
    shape: Tuple[int, ...]
    #: Unit of the real numbers; empty if unknown.
    unit: str
    #: Integers in one unit: a value is ``round(real * scale)``.
    scale: float
    #: Smallest and largest real number allowed.
    min: float
    max: float
    #: What a proof shows: the values, a salted hash of them, or nothing.
    visibility: Visibility
    #: What it is, for people.
    note: str


@dataclass(frozen=True)
class Accuracy:
    """Errors of an output against the float model, in its unit, as the compiler measured them on samples."""

    max_abs: float
    mean_abs: float
    #: On how many samples, and which.
    samples: int
    source: str


@dataclass(frozen=True)
class InputRange:
    """The range of an input, in its unit."""

    lo: float
    hi: float
    unit: str
    #: ``option``, ``schema`` (the model's own metadata), ``calibration`` or ``use`` (what the model does with it).
    source: str


@dataclass(frozen=True)
class Plan:
    """What keys and proofs will cost, estimated in milliseconds without making them."""

    #: The circuit has ``2**k`` rows, and its reference string as many powers.
    k: int
    #: Inputs that one proof is about.
    batch: int
    proof_bytes: int
    prover_key_bytes: int
    verifier_key_bytes: int
    #: Peak memory of proving, in bytes.
    memory_bytes: int
    #: CPU seconds of a proof on the reference machine.
    prove_seconds: float


def tensors(listed: List[Dict[str, Any]]) -> Dict[str, Tensor]:
    """Tensors by name, in the model's order."""
    made = [Tensor(**{**fields, "shape": tuple(fields["shape"]), "note": fields["note"] or ""}) for fields in listed]
    return {tensor.name: tensor for tensor in made}


class Model:
    """A compiled model: an integer program whose runs can be proved. Made by :func:`compile`, read by :meth:`open`."""

    def __init__(self, native: _native.Model) -> None:
        """For this package: use :func:`compile` or :meth:`open`."""
        self._native = native
        described = json.loads(native.describe())
        self._manifest: Dict[str, Any] = described["manifest"]
        #: Number of float parameters.
        self.parameters: int = described["parameters"]
        #: ``fixed`` or ``private``.
        self.weights: str = described["weights"]
        #: Inputs by name, in the model's order.
        self.inputs: Dict[str, Tensor] = tensors(described["inputs"])
        #: Outputs by name, in the model's order.
        self.outputs: Dict[str, Tensor] = tensors(described["outputs"])

    @classmethod
    def open(cls, path: PathLike) -> "Model":
        """Reads ``model.vouch``, or that file in a folder.

        Raises :class:`SystemFailure` if it cannot be read, :class:`Damaged` if it is not a compiled model.
        """
        return cls(_native.Model.open(os.fspath(path)))

    @classmethod
    def from_bytes(cls, data: bytes) -> "Model":
        """A model from the bytes of ``model.vouch``."""
        return cls(_native.Model.from_bytes(data))

    def to_bytes(self) -> bytes:
        """The bytes of ``model.vouch``."""
        return self._native.to_bytes()

    def save(self, dir: PathLike) -> None:
        """Writes ``model.vouch`` into a folder, which is made if it does not exist."""
        self._native.save(os.fspath(dir))

    @property
    def name(self) -> str:
        """The model's name."""
        return str(self._manifest["name"])

    @property
    def manifest(self) -> Dict[str, Any]:
        """Everything that the file says about the model: name, version, author, report of the compilation."""
        return json.loads(json.dumps(self._manifest))  # type: ignore[no-any-return]

    @property
    def accuracy(self) -> Dict[str, Accuracy]:
        """Measured errors by output. Empty for a published model with private weights."""
        report = (self._manifest.get("report") or {}).get("accuracy")
        if report is None:
            return {}
        samples, source = report["samples"], report["source"]
        return {o["name"]: Accuracy(o["max_abs"], o["mean_abs"], samples, source) for o in report["outputs"]}

    @property
    def warnings(self) -> List[str]:
        """What the compiler warns of."""
        return list((self._manifest.get("report") or {}).get("warnings", []))

    def run(self, inputs: Inputs) -> Dict[str, FloatArray]:
        """Runs the integer program without a proof: the outputs that a proof would show, by name, in their units.

        Raises :class:`InputError` and :class:`OutOfRange` as :func:`prove` does.
        """
        return from_native(self._native.run(to_native(inputs, self.inputs)))

    def __repr__(self) -> str:
        return f"<vouch.Model {self.name!r}: {', '.join(self.inputs)} -> {', '.join(self.outputs)}>"


def _onnx(model: Onnx) -> Union[str, bytes]:
    if isinstance(model, (bytes, bytearray)):
        return bytes(model)
    if hasattr(model, "SerializeToString"):
        return bytes(model.SerializeToString())
    return os.fspath(model)


def _options(
    *,
    input_range: Union[Range, Mapping[str, Range], None] = None,
    input_scale: Optional[Mapping[str, float]] = None,
    calibration: Optional[Inputs] = None,
    margin: float = 0.25,
    samples: Optional[Inputs] = None,
    target_error: float = 1e-3,
    max_error: Optional[Mapping[str, float]] = None,
    accept_error: Optional[Mapping[str, float]] = None,
    limb_bits: Optional[int] = None,
    visibility: Optional[Mapping[str, Visibility]] = None,
    private_weights: bool = False,
    batch: int = 1,
    objective: Objective = "prover",
    shapes: Optional[Mapping[str, Sequence[int]]] = None,
    dims: Optional[Mapping[str, int]] = None,
    name: Optional[str] = None,
    version: str = "1",
    author: str = "",
    description: str = "",
    input_names: Sequence[str] = (),
) -> Dict[str, Any]:
    """The options of a compilation, as the native module takes them."""
    ranges: Dict[str, Range] = {}
    overall: Optional[Range] = None
    if isinstance(input_range, Mapping):
        ranges = {key: _range(key, value) for key, value in input_range.items()}
    elif input_range is not None:
        overall = _range("input_range", input_range)
    return {
        "range": overall,
        "ranges": ranges,
        "scales": dict(input_scale or {}),
        "calibration": None if calibration is None else to_native(calibration, input_names),
        "samples": None if samples is None else to_native(samples, input_names),
        "margin": margin,
        "target_error": target_error,
        "max_error": dict(max_error or {}),
        "accept_error": dict(accept_error or {}),
        "limb_bits": limb_bits,
        "visibility": dict(visibility or {}),
        "private_weights": private_weights,
        "batch": batch,
        "objective": objective,
        "shapes": {key: list(shape) for key, shape in (shapes or {}).items()},
        "dims": dict(dims or {}),
        "name": name,
        "version": version,
        "author": author,
        "description": description,
    }


def _range(what: str, value: Any) -> Range:
    if isinstance(value, InputRange):
        return value.lo, value.hi
    try:
        lo, hi = value
        return float(lo), float(hi)
    except (TypeError, ValueError):
        raise InputError(f"{what}: expected a range (lo, hi), got {value!r}") from None


def _named(onnx: Union[str, bytes], options: Dict[str, Any]) -> Dict[str, Any]:
    """The options, with the names of the model's inputs where an array has none."""
    given = [options.get("calibration"), options.get("samples")]
    if any(data is not None and not isinstance(data, Mapping) for data in given):
        open_axes = {key: options[key] for key in ("shapes", "dims") if key in options}
        options = {**options, "input_names": _native.input_names(onnx, _options(**open_axes))}
    return _options(**options)


def compile(model: Onnx, *, progress: Optional[Progress] = None, **options: Any) -> Model:
    """Compiles an ONNX model to an integer program whose runs can be proved.

    ``model`` is a path, the bytes of a file, or an ``onnx.ModelProto``. Each input needs a range, in its unit: from
    ``input_range``, from the model's own metadata, or from ``calibration`` samples.

    ===================  ==========================================================================================
    option               meaning
    ===================  ==========================================================================================
    ``input_range``      ``(lo, hi)`` for all inputs, or a dictionary by input; :func:`calibrate` gives one
    ``calibration``      representative inputs: an array for each input, with a first axis of samples; ranges are
                         those of the data, widened by ``margin`` (0.25) of their width on each side
    ``samples``          inputs on which the program shall be accurate, besides random ones; no ranges come from them
    ``target_error``     largest acceptable error, as a part of an output's range (default 0.001)
    ``max_error``        largest acceptable absolute error by output, in its unit, instead of ``target_error``
    ``accept_error``     largest absolute error by output that you accept where the target is not reached
    ``visibility``       by input or output: ``public`` (the default), ``hashed`` or ``private``
    ``private_weights``  keys commit to the weights, and neither keys nor proofs reveal anything about them
    ``batch``            inputs that one proof will be about
    ``objective``        what proofs shall be cheap in: ``prover`` (time), ``proof`` (bytes) or ``memory``
    ``input_scale``      integers in a unit of an input, where they must be those of another model's output
    ``limb_bits``        bits of a limb, 6 to 14, instead of the cheapest
    ``shapes, dims``     shapes of inputs, and sizes of named dimensions, that the model leaves open
    ``name, version, author, description``  what the compiled model says of itself
    ===================  ==========================================================================================

    Raises :class:`ModelError` if the model or an option cannot be used, with what to do in its ``hint``.
    """
    onnx = _onnx(model)
    return Model(_native.compile(onnx, _named(onnx, options), progress))


def calibrate(model: Onnx, samples: Inputs, *, margin: float = 0.25, **options: Any) -> Dict[str, InputRange]:
    """The range of each input that representative ``samples`` show, widened by ``margin`` of its width on each side.

    The result can be looked at, changed, and given to :func:`compile` as ``input_range``. ``compile(calibration=samples)``
    also takes the ranges of the values inside the model from the samples, which usually makes proofs cheaper.
    """
    onnx = _onnx(model)
    given = _named(onnx, {**options, "calibration": samples, "margin": margin})
    ranges = json.loads(_native.input_ranges(onnx, given))
    return {r["name"]: InputRange(r["lo"], r["hi"], r["unit"], r["source"]) for r in ranges}


def plan(model: Model, *, batch: int = 1, objective: Objective = "prover", rows: Optional[int] = None) -> Plan:
    """What keys and proofs of a model will cost. ``rows`` is the ``k`` of ``2**k`` rows, instead of the best number.

    Raises :class:`ModelError` if there is no circuit for such a batch.
    """
    made = json.loads(model._native.plan(batch, objective, rows))
    estimate = made["estimate"]
    return Plan(
        k=made["k"],
        batch=made["batch"],
        proof_bytes=estimate["proof_bytes"],
        prover_key_bytes=estimate["prover_key_bytes"],
        verifier_key_bytes=estimate["verifier_key_bytes"],
        memory_bytes=estimate["memory_bytes"],
        prove_seconds=estimate["prove_seconds"],
    )
