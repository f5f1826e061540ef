//! `cargo xtask mutants`: leaves every constraint of the circuit out, one at a time, and shows which false statement is then
//! accepted. The tests are those of the suite `rust` (`crates/proof/circuit/tests/mutants`); this command prints their table.

use anyhow::{Result, ensure};

use crate::process::{cargo, output, show};
use crate::workspace::Workspace;

/// Options.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print only the constraints whose names contain this text
    #[arg(value_name = "TEXT")]
    only: Option<String>,
}

/// Runs the attacks and prints a line for each constraint.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let mut command = cargo(&workspace.root);
    command.args(["test", "--locked", "--test", "mutants", "--", "--nocapture"]);
    show(&command)?;
    let text = output(&mut command)?;
    let (lines, count) = table(&text);
    ensure!(count.is_some(), "the tests printed no summary:\n{text}");
    let only = args.only.as_deref().unwrap_or("");
    lines.iter().filter(|line| line.contains(only)).for_each(|line| println!("{line}"));
    println!("{}", count.unwrap_or_default());
    Ok(())
}

/// The lines about single constraints, and the summary.
fn table(text: &str) -> (Vec<&str>, Option<&str>) {
    let about = |line: &&str| line.contains(" killed: ") || line.contains(" redundant: ");
    let summary = |line: &&str| line.contains("constraints left out one at a time");
    (text.lines().filter(about).collect(), text.lines().find(summary))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_found_among_the_output_of_tests() {
        let text = "running 2 tests\ngate, max [0]    killed: max [0] at row 0\ncopies, x   redundant: why\n\
                    75 constraints left out one at a time by 80 attacks: 73 …\ntest a ... ok\n";
        let (lines, count) = table(text);
        assert_eq!(lines.len(), 2);
        assert!(count.unwrap().starts_with("75 "));
        assert_eq!(table("test a ... ok\n"), (vec![], None));
    }
}
