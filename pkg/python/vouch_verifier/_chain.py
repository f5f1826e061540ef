"""Chains of proofs: outputs of one are inputs of a later one."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any, Dict, List, Sequence, Tuple, Type, Union

from ._module import Limits, Running
from ._types import Check, Contents, Expected, Report, items


@dataclass(frozen=True)
class Link:
    """Outputs of a proof that are inputs of a later one."""

    #: Position of the proof with the outputs.
    from_proof: int
    #: The first of them, among all its public outputs.
    from_start: int
    #: Position of the proof with the inputs.
    to_proof: int
    #: The first of them, among all its public inputs.
    to_start: int
    #: How many values.
    len: int

    def to_fields(self) -> Dict[str, Any]:
        """The form that every interface of the module understands."""
        start = {"proof": self.from_proof, "start": self.from_start}
        return {"from": start, "to": {"proof": self.to_proof, "start": self.to_start}, "len": self.len}

    @classmethod
    def from_fields(cls, fields: Dict[str, Any]) -> "Link":
        start, end = fields["from"], fields["to"]
        return cls(start["proof"], start["start"], end["proof"], end["start"], fields["len"])


@dataclass(frozen=True)
class ExpectedChain:
    """What the caller expects of a chain. Trust comes from here, never from the chain."""

    #: Of each proof. ``inputs`` are those that no link fills, in their order.
    steps: Sequence[Expected]
    #: The links, in any order. A chain that claims others, or fewer, is refused.
    links: Sequence[Link]

    def to_json(self) -> str:
        """The form that every interface of the module understands."""
        return json.dumps({"steps": _fields("steps", self.steps, Expected), "links": _fields("links", self.links, Link)})


def _fields(name: str, values: Any, kind: Type[Union[Expected, Link]]) -> List[Dict[str, Any]]:
    wrong = [value for value in items(name, values) if not isinstance(value, kind)]
    if wrong:
        raise TypeError(f"{name}: expected {kind.__name__}, got {wrong[0]!r}")
    return [value.to_fields() for value in values]


@dataclass(frozen=True)
class ChainReport:
    """All checks of the verification of a chain."""

    #: Whether every check passed.
    accepted: bool
    #: Of the chain: its format, the number of its proofs, and whether its links are those that are expected.
    checks: List[Check]
    #: Of each proof; empty if the chain cannot be read, or has another number of proofs.
    proofs: List[Report]
    #: Of each link, in the order of the inputs that they fill.
    links: List[Check]

    @classmethod
    def from_json(cls, text: str) -> "ChainReport":
        fields = json.loads(text)
        proofs = [Report.from_fields(proof) for proof in fields["proofs"]]
        checks, links = ([Check(**check) for check in fields[name]] for name in ("checks", "links"))
        return cls(fields["accepted"], checks, proofs, links)


def verify_chain_to_text(
    keys: Sequence[bytes],
    chain: bytes,
    expected: Union[str, bytes],
    *,
    times: bool = False,
    limits: Limits = Limits(),
) -> str:
    """The report as JSON. Without times, the same text wherever it is made. ``expected`` is JSON."""
    running = Running(limits)
    loaded: Dict[bytes, int] = {}
    for key in map(bytes, keys):
        if key not in loaded:
            running.refuel()
            buffer = running.put(key)
            loaded[key] = running.handle("vouch_key_load", *buffer)
            running.free(buffer)
    running.refuel(max(1, len(keys)))
    handles = b"".join(loaded[bytes(key)].to_bytes(4, "little") for key in keys)
    expectation = expected.encode() if isinstance(expected, str) else expected
    buffers = running.put(handles), running.put(chain), running.put(expectation)
    session = running.handle("vouch_chain_begin", *buffers[0], *buffers[1], *buffers[2])
    start = time.perf_counter_ns()
    while running.call("vouch_step", session, (time.perf_counter_ns() - start) // 1000 if times else 0):
        pass
    return running.text("vouch_finish", session)


def verify_chain(
    keys: Sequence[bytes], chain: bytes, expected: ExpectedChain, limits: Limits = Limits()
) -> ChainReport:
    """Verifies a chain: each proof for its key, one for each proof, and the links between them. The report has times."""
    return ChainReport.from_json(verify_chain_to_text(keys, chain, expected.to_json(), times=True, limits=limits))


def inspect_chain_to_text(chain: bytes, limits: Limits = Limits()) -> str:
    """What a chain says, as JSON. Nothing of it is verified."""
    running = Running(limits)
    return running.text("vouch_chain_inspect", *running.put(chain))


def inspect_chain(chain: bytes, limits: Limits = Limits()) -> Tuple[List[Contents], List[Link]]:
    """What a chain says: its proofs and its links. Nothing of it is verified."""
    fields = json.loads(inspect_chain_to_text(chain, limits))
    proofs = [Contents.from_fields(proof) for proof in fields["proofs"]]
    return proofs, [Link.from_fields(link) for link in fields["links"]]
