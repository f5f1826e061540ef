//! `cargo xtask test`: every check and test suite, in order.

pub(crate) mod contracts;
mod deny;
mod openapi;
pub(crate) mod python;
mod queue;
mod suites;
pub(crate) mod tutorials;
mod wheel;

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::{ValueEnum, builder::PossibleValue};

use crate::workspace::Workspace;
use suites::{ON_REQUEST, SUITES};

/// Which suites are run.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Run this suite only (may be repeated)
    #[arg(long, value_name = "NAME")]
    only: Vec<Name>,
    /// Leave this suite out (may be repeated)
    #[arg(long, value_name = "NAME")]
    skip: Vec<Name>,
    /// Run the other suites after one has failed
    #[arg(long)]
    keep_going: bool,
    /// List the suites and run none
    #[arg(long)]
    list: bool,
}

/// A check or a collection of tests.
pub(crate) struct Suite {
    /// What `--only` and `--skip` call it.
    pub(crate) name: &'static str,
    /// One line about it.
    pub(crate) about: &'static str,
    /// Runs it.
    pub(crate) run: fn(&Workspace) -> Result<()>,
}

/// The name of a suite: its index in [`SUITES`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Name(usize);

impl ValueEnum for Name {
    fn value_variants<'a>() -> &'a [Self] {
        static NAMES: [Name; SUITES.len()] = {
            let mut names = [Name(0); SUITES.len()];
            let mut i = 0;
            while i < names.len() {
                names[i] = Name(i);
                i += 1;
            }
            names
        };
        &NAMES
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        SUITES.get(self.0).map(|suite| PossibleValue::new(suite.name).help(suite.about))
    }
}

/// What became of a suite.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Outcome {
    Passed(Duration),
    Failed(Duration),
    /// An earlier suite failed.
    NotRun,
    /// Not asked for.
    Skipped,
}

/// Runs the suites that `args` ask for.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    if args.list {
        SUITES.iter().for_each(|suite| println!("{:<10}{}", suite.name, suite.about));
        return Ok(());
    }
    let outcomes = run_all(SUITES, workspace, args);
    println!("\n== summary");
    print!("{}", summary(SUITES, &outcomes));
    if outcomes.iter().any(|outcome| matches!(outcome, Outcome::Failed(_))) {
        bail!("some suites failed");
    }
    Ok(())
}

fn run_all(suites: &[Suite], workspace: &Workspace, args: &Args) -> Vec<Outcome> {
    let mut outcomes = Vec::with_capacity(suites.len());
    let mut stopped = false;
    for (index, suite) in suites.iter().enumerate() {
        if !selected(Name(index), args) {
            outcomes.push(Outcome::Skipped);
            continue;
        }
        if stopped {
            outcomes.push(Outcome::NotRun);
            continue;
        }
        println!("\n== {}: {}", suite.name, suite.about);
        let start = Instant::now();
        let result = (suite.run)(workspace);
        let time = start.elapsed();
        match result {
            Ok(()) => {
                println!("== {}: passed in {}", suite.name, seconds(time));
                outcomes.push(Outcome::Passed(time));
            }
            Err(error) => {
                println!("== {}: FAILED after {}: {error:#}", suite.name, seconds(time));
                outcomes.push(Outcome::Failed(time));
                stopped = !args.keep_going;
            }
        }
    }
    outcomes
}

fn selected(name: Name, args: &Args) -> bool {
    let on_request = SUITES.get(name.0).is_some_and(|suite| ON_REQUEST.contains(&suite.name));
    let asked = if args.only.is_empty() { !on_request } else { args.only.contains(&name) };
    asked && !args.skip.contains(&name)
}

fn summary(suites: &[Suite], outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for (suite, outcome) in suites.iter().zip(outcomes) {
        let (counter, said) = match *outcome {
            Outcome::Passed(time) => (&mut passed, format!("passed   {:>9}", seconds(time))),
            Outcome::Failed(time) => (&mut failed, format!("FAILED   {:>9}", seconds(time))),
            Outcome::NotRun => (&mut skipped, "not run, a suite before it failed".to_owned()),
            Outcome::Skipped => (&mut skipped, "skipped".to_owned()),
        };
        *counter += 1;
        text += &format!("{:<10}{said}\n", suite.name);
    }
    text + &format!("suites: {passed} passed, {failed} failed, {skipped} skipped\n")
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREE: [Suite; 3] = [
        Suite { name: "good", about: "", run: |_| Ok(()) },
        Suite { name: "bad", about: "", run: |_| bail!("no") },
        Suite { name: "last", about: "", run: |_| Ok(()) },
    ];

    fn outcomes(only: &[usize], skip: &[usize], keep_going: bool) -> Vec<&'static str> {
        let names = |list: &[usize]| list.iter().copied().map(Name).collect();
        let args = Args { only: names(only), skip: names(skip), keep_going, list: false };
        let workspace = Workspace { root: "/".into(), target: "/".into() };
        let word = |outcome| match outcome {
            Outcome::Passed(_) => "passed",
            Outcome::Failed(_) => "failed",
            Outcome::NotRun => "not run",
            Outcome::Skipped => "skipped",
        };
        run_all(&THREE, &workspace, &args).into_iter().map(word).collect()
    }

    #[test]
    fn suites_run_in_order_until_one_fails() {
        assert_eq!(outcomes(&[], &[], false), ["passed", "failed", "not run"]);
        assert_eq!(outcomes(&[], &[], true), ["passed", "failed", "passed"]);
    }

    #[test]
    fn suites_can_be_chosen_and_left_out() {
        assert_eq!(outcomes(&[2], &[], false), ["skipped", "skipped", "passed"]);
        assert_eq!(outcomes(&[], &[1], false), ["passed", "skipped", "passed"]);
        assert_eq!(outcomes(&[0, 1], &[1], false), ["passed", "skipped", "skipped"]);
    }

    #[test]
    fn the_summary_counts() {
        let time = Duration::from_millis(12_340);
        let text = summary(&THREE, &[Outcome::Passed(time), Outcome::Failed(time), Outcome::NotRun]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "good      passed      12.3 s");
        assert_eq!(lines[1], "bad       FAILED      12.3 s");
        assert_eq!(lines[3], "suites: 1 passed, 1 failed, 1 skipped");
    }

    #[test]
    fn names_are_distinct() {
        for name in Name::value_variants() {
            let found = <Name as ValueEnum>::from_str(SUITES[name.0].name, false);
            assert_eq!(found, Ok(*name));
        }
    }
}
