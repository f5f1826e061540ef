"""Reference strings, keys and proofs."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Sequence, Union

from . import _native
from ._arrays import Array, FloatArray, Inputs, PathLike, Progress, bytes32, floats, from_native, to_native
from ._errors import InputError
from ._model import Model, Objective, Tensor, tensors


class Srs:
    """A structured reference string: powers of a secret that nobody may know. Keys are made with it. See :func:`srs`."""

    def __init__(self, native: _native.Srs, source: str = "") -> None:
        """For this package: use :func:`srs`."""
        self._native = native
        #: What file it was taken from, in words; empty if from Vouch's own.
        self.source = source

    @property
    def k(self) -> int:
        """log2 of the number of powers."""
        return self._native.k

    @property
    def from_ceremony(self) -> bool:
        """Whether it is a ceremony's, as who imported it said; otherwise it was made for development."""
        return self._native.from_ceremony

    @property
    def identity(self) -> str:
        """Identifies the secret, in hexadecimal: compare it with others who imported the same ceremony."""
        return bytes(self._native.identity).hex()

    def save(self, path: PathLike) -> None:
        """Writes the file (``.srs``)."""
        self._native.save(os.fspath(path))

    def __repr__(self) -> str:
        return f"<vouch.Srs of 2^{self.k} powers, {'from a ceremony' if self.from_ceremony else 'for development'}>"


def srs(
    path: Optional[PathLike] = None,
    *,
    k: Optional[int] = None,
    development: bool = False,
    progress: Optional[Progress] = None,
) -> Srs:
    """A reference string.

    * ``srs("own.srs")`` reads a file that :meth:`Srs.save` or ``vouch srs`` wrote, and checks it.
    * ``srs("powersOfTau28_hez_final_16.ptau", k=14)`` takes over the first ``2**k`` powers of a ceremony: a ``.ptau``
      file of snarkjs for BN254, or halo2's parameters. That it was a ceremony is your statement; with
      ``development=True`` keys made with it are marked as for development.
    * ``srs(k=12, development=True)`` makes one on the spot. Its maker can forge proofs: for development only.

    Raises :class:`SystemFailure` if the file cannot be read, :class:`Damaged` if its points are not powers of one secret.
    """
    if path is None:
        if k is None or not development:
            raise InputError(
                "a reference string comes from a file",
                "give the path of a ceremony's result, or k and development=True to make one that only you may rely on",
            )
        return Srs(_native.Srs.development(k, progress))
    path = os.fspath(path)
    if not _is_own(path):
        native, source = _native.Srs.import_file(path, k, development, progress)
        return Srs(native, source)
    if k is not None or development:
        raise InputError(f"{path} is a reference string of Vouch, which says itself what it is: leave k and development out")
    return Srs(_native.Srs.open(path, progress))


def _is_own(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(8) == b"VOUCHSR\0"
    except OSError:
        # The native module says what is wrong with it.
        return True


@dataclass(frozen=True)
class KeyFiles:
    """The files of a pair of keys, and their sizes in bytes."""

    prover: Path
    prover_bytes: int
    verifier: Path
    verifier_bytes: int


class VerifyingKey:
    """What verifiers need, and all that they need. Get it from a source that you trust."""

    def __init__(self, native: _native.VerifyingKey) -> None:
        """For this package: use :meth:`open`, :meth:`from_bytes` or :attr:`ProvingKey.verifying_key`."""
        self._native = native
        described = json.loads(native.describe())
        #: Identity of model, layout and reference string, in hexadecimal: each proof states it.
        self.model_id: str = described["model_id"]
        #: Whether the reference string is a ceremony's. If not, whoever made the key can forge proofs.
        self.from_ceremony: bool = described["from_ceremony"]
        #: Length of a proof without its public values.
        self.proof_bytes: int = described["proof_bytes"]
        #: Inputs by name, in the model's order. Those of a batch have a first axis of samples.
        self.inputs: Dict[str, Tensor] = tensors(described["inputs"])
        #: Outputs by name, likewise.
        self.outputs: Dict[str, Tensor] = tensors(described["outputs"])

    @classmethod
    def open(cls, path: PathLike) -> "VerifyingKey":
        """Reads a file (``verifier.key``).

        Raises :class:`SystemFailure` if it cannot be read, :class:`Damaged` if it is not a verifying key.
        """
        return cls(_native.VerifyingKey.open(os.fspath(path)))

    @classmethod
    def from_bytes(cls, data: bytes) -> "VerifyingKey":
        """A key from the bytes of its file."""
        return cls(_native.VerifyingKey.from_bytes(data))

    def to_bytes(self) -> bytes:
        """The bytes of ``verifier.key``."""
        return self._native.to_bytes()

    def save(self, path: PathLike) -> None:
        """Writes the file."""
        Path(path).write_bytes(self.to_bytes())

    def check(self, model: Model, srs: Srs, *, batch: int = 1, progress: Optional[Progress] = None) -> None:
        """Checks that the key is the published model's, for a reference string: that its circuit states a run of the
        model and nothing less. It takes as long as making the keys. Raises :class:`Damaged` if it is another's."""
        model._native.check_key(self._native, srs._native, batch, progress)

    def input_hash(self, name: str, values: Any, salt: Union[str, bytes]) -> str:
        """The hash that a proof shows of a hashed input with these values, in hexadecimal, for the proof's salt."""
        return self._native.tensor_hash(True, name, floats(values), bytes32("salt", salt))

    def output_hash(self, name: str, values: Any, salt: Union[str, bytes]) -> str:
        """The same of a hashed output."""
        return self._native.tensor_hash(False, name, floats(values), bytes32("salt", salt))

    def __repr__(self) -> str:
        return f"<vouch.VerifyingKey {self.model_id[:16]}…>"


class ProvingKey:
    """A proving key, with its verifying key. Made by :func:`setup`, read by :meth:`open`."""

    def __init__(self, native: _native.ProvingKey) -> None:
        """For this package: use :func:`setup` or :meth:`open`."""
        self._native = native
        #: The verifying key.
        self.verifying_key = VerifyingKey(native.verifying_key)

    @classmethod
    def open(cls, path: PathLike, model: Model, *, progress: Optional[Progress] = None) -> "ProvingKey":
        """Reads a file, or ``prover.key`` in a folder.

        Raises :class:`SystemFailure` if it cannot be read, :class:`Damaged` if it is damaged or another model's.
        """
        return cls(_native.ProvingKey.open(os.fspath(path), model._native, progress))

    def save(self, dir: PathLike) -> KeyFiles:
        """Writes both keys into a folder: ``prover.key`` and ``verifier.key``, or ``prover-b16.key`` for a batch of 16."""
        files = json.loads(self._native.save(os.fspath(dir)))
        return KeyFiles(Path(files["prover"]), files["prover_bytes"], Path(files["verifier"]), files["verifier_bytes"])

    @property
    def model_id(self) -> str:
        """Identity of model, layout and reference string, in hexadecimal."""
        return self.verifying_key.model_id

    @property
    def batch(self) -> int:
        """How many inputs one proof is about."""
        return self._native.batch

    @property
    def k(self) -> int:
        """log2 of the number of rows of the circuit."""
        return self._native.k

    def __repr__(self) -> str:
        return f"<vouch.ProvingKey {self.model_id[:16]}…, batch of {self.batch}>"


def setup(
    model: Model,
    srs: Optional[Srs] = None,
    *,
    development: bool = False,
    batch: int = 1,
    objective: Objective = "prover",
    rows: Optional[int] = None,
    progress: Optional[Progress] = None,
) -> ProvingKey:
    """Makes the keys for proofs of a model.

    ``srs`` is a ceremony's reference string (:func:`srs`) with at least as many powers as :func:`plan` says. With
    ``development=True`` in its place, one is made and dropped: whoever makes one can forge proofs, and verifiers refuse
    such keys unless they are told otherwise. ``batch`` is the number of inputs that one proof is about.

    Raises :class:`ModelError` if there is no circuit for such a batch, :class:`Damaged` if ``srs`` has too few powers.
    """
    if srs is None and not development:
        raise InputError(
            "keys are made with a reference string",
            "give srs=vouch.srs(path) with the result of a ceremony, or development=True for keys that convince only you",
        )
    if srs is not None and development:
        raise InputError("give srs or development=True, not both")
    native = None if srs is None else srs._native
    return ProvingKey(model._native.setup(native, batch, objective, rows, progress))


class Proof:
    """A proof, with what only its maker knows. Verifiers get :meth:`to_bytes` alone."""

    def __init__(self, native: _native.Proof) -> None:
        """For this package: use :func:`prove`."""
        self._native = native
        #: The outputs by name, in their units, also those that the proof does not show.
        self.outputs: Dict[str, FloatArray] = from_native(native.outputs)

    def to_bytes(self) -> bytes:
        """The proof with its claim: what verifiers get."""
        return self._native.to_bytes()

    def save(self, path: PathLike) -> int:
        """Writes it to a file, and returns its length in bytes."""
        return self._native.save(os.fspath(path))

    @property
    def nonce(self) -> str:
        """The request that it answers, in hexadecimal."""
        return bytes(self._native.nonce).hex()

    @property
    def salt(self) -> bytes:
        """The secret that salts the hashes of hashed tensors. Keep it: its holder can recognize the values."""
        return bytes(self._native.salt)

    @property
    def seconds(self) -> Dict[str, float]:
        """Seconds for the ``witness``, the ``prove`` step and the ``verify`` of the new proof."""
        return dict(zip(("witness", "prove", "verify"), self._native.seconds))

    def __repr__(self) -> str:
        return f"<vouch.Proof of {len(self.to_bytes())} bytes, nonce {self.nonce[:16]}…>"


def random_nonce() -> bytes:
    """32 random bytes, for who asks for a proof: an old proof cannot answer a new nonce."""
    return _native.random_nonce()


def _nonce(nonce: Union[str, bytes, None]) -> bytes:
    return random_nonce() if nonce is None else bytes32("nonce", nonce)


def prove(
    key: ProvingKey,
    inputs: Inputs,
    *,
    nonce: Union[str, bytes, None] = None,
    salt: Union[str, bytes, None] = None,
    progress: Optional[Progress] = None,
) -> Proof:
    """Runs the model on inputs in their own units, and proves the run. The proof is verified before it is given out.

    ``inputs`` has an array for each input by name (for a model with one input, the array alone), with as many values as
    the input has; for a key of a batch, with a first axis of samples. ``nonce`` is chosen by who asks for the proof
    (default: random). ``salt`` is the secret that salts the hashes of hashed tensors (default: random).

    Raises :class:`InputError` for other names or numbers of values, :class:`OutOfRange` for a value outside the range
    that the model was compiled for; :class:`KeyboardInterrupt` after Ctrl-C, and then the work stops at its next stage.
    """
    return _prove(key, [to_native(inputs, key.verifying_key.inputs)], nonce, salt, progress)


def prove_batch(
    key: ProvingKey,
    samples: Union[Sequence[Inputs], Inputs],
    *,
    nonce: Union[str, bytes, None] = None,
    salt: Union[str, bytes, None] = None,
    progress: Optional[Progress] = None,
) -> Proof:
    """Proves the runs on as many samples as the key is for, in one proof.

    ``samples`` is a list of what :func:`prove` takes, or arrays with a first axis of samples. The proof's inputs and
    outputs have that axis too.

    Raises :class:`InputError` for another number of samples than ``key.batch``; else as :func:`prove`.
    """
    names = list(key.verifying_key.inputs)
    if isinstance(samples, (list, tuple)) and all(isinstance(sample, Mapping) for sample in samples):
        native = [to_native(sample, names) for sample in samples]
        if len(native) != key.batch:
            hint = "give as many samples as the key is for, or make a key with setup(model, ..., batch=n)"
            raise InputError(f"the key proves {key.batch} inputs at once, got {len(native)}", hint)
        return _prove(key, native, nonce, salt, progress)
    arrays = to_native(samples, names)
    for name, shape, _ in arrays:
        if key.batch > 1 and (not shape or shape[0] != key.batch):
            hint = f"give `{name}` a first axis of {key.batch} samples, or make a key for another batch"
            raise InputError(f"`{name}` has the shape {tuple(shape)}, the key proves {key.batch} inputs at once", hint)
    return _prove(key, [arrays], nonce, salt, progress)


def _prove(
    key: ProvingKey,
    samples: Sequence[Sequence[Array]],
    nonce: Union[str, bytes, None],
    salt: Union[str, bytes, None],
    progress: Optional[Progress],
) -> Proof:
    secret = None if salt is None else bytes32("salt", salt)
    native = [list(sample) for sample in samples]
    return Proof(key._native.prove(native, _nonce(nonce), secret, progress))
