"""The module in wasmtime, called through its plain ABI."""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Tuple

import wasmtime

from ._errors import OutOfFuel, OutOfMemory, Refused, Trapped, VouchError

#: The ``.wasm`` of this package.
WASM_PATH = Path(__file__).with_name("vouch_verifier.wasm")

_ABI = 1


def wasm_sha256() -> str:
    """SHA-256 of the ``.wasm``, in hexadecimal."""
    return hashlib.sha256(WASM_PATH.read_bytes()).hexdigest()


@dataclass(frozen=True)
class Limits:
    """How much a request may use."""

    #: Units of wasmtime's fuel, about one an instruction.
    fuel: int = 2_000_000_000
    #: Bytes of memory.
    memory: int = 64 << 20


@functools.lru_cache(maxsize=1)
def _compiled() -> Tuple[wasmtime.Engine, wasmtime.Module]:
    config = wasmtime.Config()
    config.consume_fuel = True
    engine = wasmtime.Engine(config)
    return engine, wasmtime.Module.from_file(engine, str(WASM_PATH))


class Running:
    """An instance."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        engine, module = _compiled()
        self._store = wasmtime.Store(engine)
        self._store.set_limits(memory_size=limits.memory)
        self.refuel()
        try:
            # Without definitions: a module that imports anything is refused.
            instance = wasmtime.Instance(self._store, module, [])
        except (wasmtime.WasmtimeError, wasmtime.Trap) as error:
            raise self._failed(error) from error
        self._exports: Any = instance.exports(self._store)
        self._memory = self._exports["memory"]
        got = self.call("vouch_abi")
        if got != _ABI:
            raise VouchError(f"the module's ABI: expected version {_ABI}, got {got}")

    def refuel(self, times: int = 1) -> None:
        """Gives the module its fuel again, for a request of so many verifications."""
        self._store.set_fuel(self.limits.fuel * times)

    def call(self, name: str, *arguments: int) -> int:
        """Calls an export."""
        try:
            return self._exports[name](self._store, *arguments)
        except (wasmtime.WasmtimeError, wasmtime.Trap) as error:
            raise self._failed(error) from error

    def handle(self, name: str, *arguments: int) -> int:
        """A call that gives a handle, or 0 and an error."""
        return self.call(name, *arguments) or self._refuse()

    def text(self, name: str, *arguments: int) -> str:
        """A call that gives text, or 0 and an error."""
        text = self.call(name, *arguments)
        return self._take(text) if text else self._refuse()

    def put(self, data: bytes) -> Tuple[int, int]:
        """Copies bytes into the module: their address and length."""
        address = self.call("vouch_alloc", len(data)) & 0xFFFFFFFF
        if address == 0:
            raise OutOfMemory(f"no memory for {len(data)} bytes: the limit is {self.limits.memory} bytes")
        self._memory.write(self._store, data, address)
        return address, len(data)

    def free(self, *buffers: Tuple[int, int]) -> None:
        """Frees buffers of :meth:`put`."""
        for address, _ in buffers:
            self.call("vouch_free", address)

    def _take(self, text: int) -> str:
        address, length = text & 0xFFFFFFFF, (text >> 32) & 0xFFFFFFFF
        data = bytes(self._memory.read(self._store, address, address + length))
        self.call("vouch_free", address)
        return data.decode()

    def _refuse(self) -> Any:
        error = json.loads(self._take(self.call("vouch_error")))
        raise Refused(error["kind"], error["code"], error["message"])

    def _failed(self, error: Exception) -> VouchError:
        # wasmtime's trap code, where this version of it has one; its words otherwise.
        if getattr(error, "trap_code", None) == getattr(wasmtime.TrapCode, "OUT_OF_FUEL", object()) or (
            "all fuel consumed" in str(error)
        ):
            return OutOfFuel(f"out of fuel: the limit is {self.limits.fuel}")
        size = self._memory.data_len(self._store) if hasattr(self, "_memory") else self.limits.memory
        # The module stops when it gets no memory. It grows by pages of 64 KiB, in steps below 2 MiB.
        if size + (2 << 20) > self.limits.memory:
            return OutOfMemory(f"out of memory: the limit is {self.limits.memory} bytes")
        return Trapped(str(error))
