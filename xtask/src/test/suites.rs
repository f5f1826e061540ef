//! The suites. A new one is a line in [`SUITES`] and a function here (or a module, if it needs more than a few lines).

use anyhow::Result;

use super::{Suite, contracts, deny, openapi, python, queue, tutorials, wheel};
use crate::{
    book,
    process::{cargo, run},
    prover, tidy,
    wasm::{self, toolchain},
    web,
    workspace::Workspace,
};

/// Suites that run only if `--only` names them: the first build of an empty package compiles nearly all dependencies again.
pub(super) const ON_REQUEST: [&str; 1] = ["embed"];

/// All suites, the quick ones first.
pub(super) const SUITES: &[Suite] = &[
    Suite { name: "fmt", about: "formatting (rustfmt)", run: fmt },
    Suite {
        name: "clippy",
        about: "lints of all targets, and of WebAssembly's code; warnings are errors",
        run: clippy,
    },
    Suite { name: "tidy", about: "dependency directions, links, leftovers", run: tidy::check },
    Suite { name: "deny", about: "licences, sources and known faults of dependencies (cargo-deny)", run: deny::test },
    Suite { name: "docs", about: "documentation builds without warnings", run: docs },
    Suite { name: "book", about: "the pages of docs/ as a book, and its links", run: book::check },
    Suite { name: "rust", about: "unit, integration and bounded fuzz tests of the workspace", run: rust },
    Suite {
        name: "embed",
        about: "an empty package that uses the library: compiled, and run (on request)",
        run: embed,
    },
    Suite {
        name: "contracts",
        about: "the contracts: Solidity, static analysis, scripts, committed ABI; deposits and proofs on a chain",
        run: contracts::test,
    },
    Suite {
        name: "python",
        about: "the wheel that compiles, proves and verifies, as installed; the training code of the models",
        run: in_python,
    },
    Suite {
        name: "wasm",
        about: "the verifier's .wasm: one verdict in every host, and the packages as installed",
        run: wasm::suite::run,
    },
    Suite {
        name: "prover",
        about: "the .wasm that proves facts about hashed inputs, in Node; its proofs in both verifiers",
        run: prover_in_node,
    },
    Suite {
        name: "dashboard",
        about: "the dashboard in Chromium: against a validator's double, a local network that proves, a local chain",
        run: web::suite::run,
    },
    Suite {
        name: "openapi",
        about: "a running validator's answers, held to its document by schemathesis",
        run: openapi::test,
    },
    Suite {
        name: "tutorials",
        about: "the commands of docs/guide/scikit-learn.md, in an empty folder",
        run: tutorials::test,
    },
    Suite {
        name: "queue",
        about: "a miner's queue in NATS, with a real server and provers that are killed",
        run: queue::test,
    },
];

fn fmt(workspace: &Workspace) -> Result<()> {
    run(cargo(&workspace.root).args(["fmt", "--all", "--check"]))
}

fn clippy(workspace: &Workspace) -> Result<()> {
    run(cargo(&workspace.root).args(["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]))?;
    // What these have for browsers alone is no code elsewhere.
    toolchain::find(toolchain::Choice::default())?
        .lint(workspace, &["vouch-verifier-wasm", "vouch-prover-wasm", "vouch-web"])
}

fn docs(workspace: &Workspace) -> Result<()> {
    let mut command = cargo(&workspace.root);
    run(command.env("RUSTDOCFLAGS", "-D warnings").args(["doc", "--workspace", "--no-deps", "--locked"]))
}

fn prover_in_node(workspace: &Workspace) -> Result<()> {
    wasm::run(workspace, &wasm::Args::default())?;
    prover::run(workspace, &prover::Args { out: workspace.target.join("prover"), test: true })
}

fn in_python(workspace: &Workspace) -> Result<()> {
    wheel::run_tests(workspace)?;
    python::models(workspace)
}

fn rust(workspace: &Workspace) -> Result<()> {
    // The default members: `web` and the browser's prover run in WebAssembly only, the wheel in Python, and their suites are
    // others. All failures of a run are shown, not the first alone.
    run(cargo(&workspace.root).args(["test", "--locked", "--no-fail-fast"]))
}

fn embed(workspace: &Workspace) -> Result<()> {
    run(cargo(&workspace.root).args(["test", "--locked", "--test", "packages", "--", "--ignored"]))
}
