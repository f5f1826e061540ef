//! Tests of the whole system, across crates: see the files in `tests/tests/`.
