//! The native half of the Python package `vouch`: handles of models, keys and proofs, with arrays as bytes and structured
//! answers as JSON. What people call is in `python/vouch`; `python/vouch/_native.pyi` describes this module for type checkers.

mod data;
mod facts;
mod failure;
mod keys;
mod model;
mod proof;
mod srs;
mod work;

use pyo3::prelude::*;

/// The native half of `vouch`.
#[pymodule]
#[pyo3(name = "_native")]
fn native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<model::Model>()?;
    module.add_class::<keys::ProvingKey>()?;
    module.add_class::<keys::VerifyingKey>()?;
    module.add_class::<proof::Proof>()?;
    module.add_class::<srs::Srs>()?;
    module.add_function(wrap_pyfunction!(model::compile, module)?)?;
    module.add_function(wrap_pyfunction!(model::input_names, module)?)?;
    module.add_function(wrap_pyfunction!(model::input_ranges, module)?)?;
    module.add_function(wrap_pyfunction!(model::publish, module)?)?;
    module.add_function(wrap_pyfunction!(proof::report, module)?)?;
    module.add_function(wrap_pyfunction!(keys::random_nonce, module)?)?;
    module.add_function(wrap_pyfunction!(facts::fact_key, module)?)?;
    module.add_function(wrap_pyfunction!(facts::open_fact_key, module)?)?;
    module.add_function(wrap_pyfunction!(facts::prove_fact, module)?)?;
    module.add_function(wrap_pyfunction!(facts::verify_fact, module)?)
}
