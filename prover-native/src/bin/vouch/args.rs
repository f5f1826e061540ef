//! Arguments that several commands take.

use std::ops::RangeInclusive;

use clap::{Args, ValueEnum};
use vouch::{Objective, Setup};

/// How many inputs one proof can be about.
pub(crate) const BATCH: RangeInclusive<i64> = 1..=4096;

/// What a layout is optimised for.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum Goal {
    /// Least proving time
    #[default]
    Prover,
    /// Fewest proof bytes
    Proof,
    /// Least memory
    Memory,
    /// Least gas on Ethereum, for `--profile evm`
    Gas,
}

impl From<Goal> for Objective {
    fn from(goal: Goal) -> Self {
        match goal {
            Goal::Prover => Self::Prover,
            Goal::Proof => Self::Proof,
            Goal::Memory => Self::Memory,
            Goal::Gas => Self::Gas,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Shape {
    /// Inputs that one proof is about
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(BATCH))]
    pub(crate) batch: u32,
    /// What the layout is optimised for
    #[arg(long, value_enum, default_value_t)]
    pub(crate) objective: Goal,
    /// Use 2^K rows instead of the best number
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(5..=24))]
    pub(crate) rows: Option<u32>,
}

impl Shape {
    /// The setup that these arguments describe. A reference string is given later.
    pub(crate) fn setup(&self) -> Setup<'static> {
        let setup = Setup::development().batch(self.batch).objective(self.objective.into());
        match self.rows {
            Some(k) => setup.rows(k),
            None => setup,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct SampleArg {
    /// Which sample of the file
    #[arg(long = "sample", id = "sample", value_name = "INDEX")]
    pub(crate) index: Option<usize>,
}
