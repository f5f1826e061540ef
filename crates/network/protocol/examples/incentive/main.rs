//! Simulates the incentive: honest miners, and some that try to be paid for less. Writes a table and a plot.
//!
//! ```sh
//! cargo run --release -p vouch-protocol --example incentive -- docs/pictures/incentive.svg
//! ```
//!
//! The scores, the work and the weights are computed by the crate itself, those of the chain by the stake-weighted median
//! (Yuma consensus). The random numbers have a fixed seed: every run gives the same figures.

mod network;
mod plot;

use network::{EPOCHS, GROUPS, run};

fn main() -> std::io::Result<()> {
    let shares = run(20_261_130);
    println!("{}", table(&shares));
    if let Some(path) = std::env::args().nth(1) {
        std::fs::write(path, plot::svg(&shares))?;
    }
    Ok(())
}

/// Epochs that are not counted: scores start at 0.
const WARM_UP: usize = 20;

fn mean(shares: &[Vec<f64>], group: usize) -> f64 {
    shares[WARM_UP..].iter().map(|epoch| epoch[group]).sum::<f64>() / (EPOCHS - WARM_UP) as f64
}

/// One row for each group, in Markdown.
fn table(shares: &[Vec<f64>]) -> String {
    let mut text = String::from(
        "| group | keys | provers | share of the pay | of each prover |\n| --- | --- | --- | --- | --- |\n",
    );
    for (index, group) in GROUPS.iter().enumerate() {
        let (share, provers) = (100.0 * mean(shares, index), group.provers());
        let each = if provers == 0 { "–".to_owned() } else { format!("{:.2} %", share / provers as f64) };
        text += &format!("| {} | {} | {provers} | {share:.2} % | {each} |\n", group.name, group.keys);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page has the figures and the picture of this program.
    #[test]
    fn the_page_has_these_figures() {
        let shares = run(20_261_130);
        let docs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs");
        let page = std::fs::read_to_string(docs.join("incentive.md")).unwrap();
        let table = table(&shares);
        assert!(page.contains(&table), "docs/incentive.md must have this table:\n{table}");
        let picture = std::fs::read_to_string(docs.join("pictures/incentive.svg")).unwrap();
        assert_eq!(picture, plot::svg(&shares), "run the example again, and give it the picture's path");
    }

    /// Whatever the seed, cheats earn less than the honest miner that they could be.
    #[test]
    fn cheats_earn_less_than_honest_miners() {
        for seed in [1, 2] {
            let shares = run(seed);
            let [fast, medium, slow, sybils, garbage, friend, dead] =
                std::array::from_fn(|group| mean(&shares, group) / GROUPS[group].provers().max(1) as f64);
            assert!(fast > medium && medium > slow && slow > 0.0, "seed {seed}: {fast} {medium} {slow}");
            assert!(sybils < fast, "seed {seed}: 50 keys of one fast prover {sybils}, one key of such a prover {fast}");
            assert_eq!((garbage, dead), (0.0, 0.0), "seed {seed}: keys without a prover");
            assert!(friend < 1.1 * medium, "seed {seed}: a validator's friend {friend}, such a miner without {medium}");
        }
    }
}
