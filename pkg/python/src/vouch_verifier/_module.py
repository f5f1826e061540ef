"""The module in wasmtime, with limits on instructions and memory."""

from __future__ import annotations

import json
import struct
from functools import lru_cache
from importlib import resources
from typing import Sequence

import wasmtime

_ABI_VERSION = 1
_HEADER = struct.Struct("<II")
FUEL = 5_000_000_000
MEMORY = 256 << 20


class VouchError(Exception):
    """A call that was not answered. A proof that is refused is no error: it has a report."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@lru_cache(maxsize=1)
def _compiled() -> tuple[wasmtime.Engine, wasmtime.Module]:
    config = wasmtime.Config()
    config.consume_fuel = True
    engine = wasmtime.Engine(config)
    wasm = resources.files(__package__).joinpath("vouch_verifier.wasm").read_bytes()
    return engine, wasmtime.Module(engine, wasm)


class Instance:
    """One instance of the module. After a trap it must not be used again."""

    def __init__(self) -> None:
        engine, module = _compiled()
        self._store = wasmtime.Store(engine)
        self._store.set_limits(memory_size=MEMORY)
        self._store.set_fuel(FUEL)
        self._exports = wasmtime.Instance(self._store, module, []).exports(self._store)
        self._memory = self._exports["memory"]
        abi = self._exports["vouch_abi"](self._store)
        if abi != _ABI_VERSION:
            raise VouchError("abi", f"interface: expected version {_ABI_VERSION}, got {abi}")

    def call(self, name: str, arguments: Sequence[int], inputs: Sequence[bytes]) -> str:
        """Copies the inputs into the instance, calls the function with them, and copies its answer."""
        self._store.set_fuel(FUEL)
        try:
            return self._call(name, arguments, inputs)
        except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
            raise VouchError("trap", f"the module stopped: {error}") from error

    def _call(self, name: str, arguments: Sequence[int], inputs: Sequence[bytes]) -> str:
        store, given = self._store, []
        for data in inputs:
            # Addresses and lengths are unsigned; wasmtime shows them as signed.
            at = self._exports["vouch_alloc"](store, len(data)) & 0xFFFFFFFF
            if at == 0:
                raise VouchError("memory", f"out of memory: {len(data)} bytes")
            self._memory.write(store, data, at)
            given.append((at, len(data)))
        at = self._exports[name](store, *arguments, *(number for pair in given for number in pair)) & 0xFFFFFFFF
        if at == 0:
            raise VouchError("memory", "out of memory: the answer")
        start = at + _HEADER.size
        code, length = _HEADER.unpack(self._memory.read(store, at, start))
        text = bytes(self._memory.read(store, start, start + length)).decode()
        for address, size in [*given, (at, length + _HEADER.size)]:
            self._exports["vouch_free"](store, address, size)
        if code != 0:
            failure = json.loads(text)
            raise VouchError(failure["code"], failure["message"])
        return text
