"""Verifiers."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Callable, Dict, Mapping, Optional, TypeVar, Union

from ._content import claim_of, integers_by_name
from ._errors import Refused
from ._module import Limits, Running
from ._types import Contents, Expected, Model, Report

T = TypeVar("T")

_ANY = Expected()


class Verifier:
    """A verifying key, checked and prepared once, used for any number of envelopes. For one thread at a time."""

    def __init__(self, key: bytes, limits: Limits = Limits()) -> None:
        self._bytes = bytes(key)
        self._limits = limits
        self._running: Optional[Running] = None
        self._key = 0
        self._start()

    def _start(self) -> Running:
        running = Running(self._limits)
        buffer = running.put(self._bytes)
        self._key = running.handle("vouch_key_load", *buffer)
        running.free(buffer)
        self._running = running
        return running

    def _request(self, run: Callable[[Running], T]) -> T:
        running = self._running or self._start()
        running.refuel()
        # An instance that has stopped is not used again.
        self._running = None
        try:
            result = run(running)
        except Refused:
            self._running = running
            raise
        self._running = running
        return result

    @property
    def model(self) -> Model:
        """What the key says of its model."""
        return Model.from_json(self.describe_to_text())

    def describe_to_text(self) -> str:
        """What the key says of its model, as JSON."""
        return self._request(lambda running: running.text("vouch_key_describe", self._key))

    def verify(self, envelope: bytes, expected: Expected = _ANY) -> Report:
        """Verifies an envelope. The report has the time of each check."""
        if not isinstance(expected, Expected):
            raise TypeError(f"expected: expected an Expected, got {expected!r}")
        model = self.model
        if isinstance(expected.inputs, Mapping):
            expected = replace(expected, inputs=integers_by_name("inputs", model.inputs, expected.inputs))
        if isinstance(expected.outputs, Mapping):
            expected = replace(expected, outputs=integers_by_name("outputs", model.outputs, expected.outputs))
        # A copy: what is shown is what was verified, also if another thread writes to the envelope.
        envelope = bytes(envelope)
        report = Report.from_json(self.verify_to_text(envelope, expected.to_json(), times=True))
        if not report.accepted:
            return report

        def inspected(running: Running) -> str:
            buffer = running.put(envelope)
            text: str = running.text("vouch_inspect", *buffer)
            running.free(buffer)
            return text

        return replace(report, claim=claim_of(model, Contents.from_json(self._request(inspected))))

    def verify_to_text(self, envelope: bytes, expected: Union[str, bytes], *, times: bool = False) -> str:
        """The report as JSON. Without times, the same text wherever it is made. ``expected`` is JSON."""
        expectation = expected.encode() if isinstance(expected, str) else expected

        def run(running: Running) -> str:
            buffers = running.put(envelope), running.put(expectation)
            try:
                session = running.handle("vouch_begin", self._key, *buffers[0], *buffers[1])
            except Refused:
                # The instance is used again.
                running.free(*buffers)
                raise
            running.free(*buffers)
            start = time.perf_counter_ns()
            while running.call("vouch_step", session, (time.perf_counter_ns() - start) // 1000 if times else 0):
                pass
            return running.text("vouch_finish", session)

        return self._request(run)


def verify(key: bytes, envelope: bytes, expected: Expected = _ANY, limits: Limits = Limits()) -> Report:
    """Verifies one envelope. For several of one model, a :class:`Verifier` prepares the key once."""
    return Verifier(key, limits).verify(envelope, expected)


def inspect_to_text(envelope: bytes, limits: Limits = Limits()) -> str:
    """What an envelope says, as JSON. Nothing of it is verified."""
    running = Running(limits)
    return running.text("vouch_inspect", *running.put(envelope))


def inspect(envelope: bytes, limits: Limits = Limits()) -> Contents:
    """What an envelope says. Nothing of it is verified."""
    return Contents.from_json(inspect_to_text(envelope, limits))


def version() -> Dict[str, Union[str, int]]:
    """Versions of the module, its ABI and the formats."""
    versions: Dict[str, Union[str, int]] = json.loads(Running(Limits()).text("vouch_version"))
    return versions
