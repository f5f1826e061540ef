"""Verifies Vouch's proofs of inference, with the WebAssembly module that browsers and Node run."""

from ._module import VouchError
from ._verifier import Check, Expected, Report, Verifier, inspect, verify, version

__all__ = ["Check", "Expected", "Report", "Verifier", "VouchError", "inspect", "verify", "version"]
