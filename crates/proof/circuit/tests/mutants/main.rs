//! What every constraint is for: without it, a false statement is accepted.
//!
//! For each constraint (a gate's polynomial, a class of copies, a lookup, an end of its running sum, a distinction of two
//! challenges) there is an attack: a witness of a false statement, with everything that follows from the lie computed
//! forward as a cheating prover would. The whole circuit must refuse it, and the circuit without that one constraint must
//! accept it. Constraints are enumerated from the circuits, so a new one without an attack fails the test.
#![allow(missing_docs, unreachable_pub)]

#[path = "../support/mod.rs"]
mod support;

mod forge;
mod hash;
mod limbs;
mod lookup;
mod matrix;
mod product;
mod select;
mod subjects;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use forge::integer;
use subjects::Subject;
use support::{
    Bench, Columns,
    mutant::{Mutant, Site},
};
use vouch_program::Visibility;
use vouch_testing::random_program;

/// A false statement that only one constraint stands against.
pub struct Attack {
    /// The constraint.
    pub mutant: Mutant,
    /// The circuit.
    pub subject: Subject,
    /// The witness, for the circuit with or without the constraint.
    pub forge: Box<dyn Fn(&Bench) -> Columns>,
    /// Whether what the witness claims is false.
    pub lie: fn(&Bench, &Columns, &Subject) -> bool,
}

impl Attack {
    fn new(mutant: Mutant, subject: Subject, forge: impl Fn(&Bench) -> Columns + 'static) -> Self {
        Self { mutant, subject, forge: Box::new(forge), lie: other_outputs }
    }
}

/// A gate's polynomial, in the first lane.
pub fn gate(name: &str, polynomial: usize) -> Mutant {
    Mutant::Gate { name: name.to_owned(), position: 0, polynomial }
}

/// The interpreter gives other outputs for these public inputs.
fn other_outputs(bench: &Bench, columns: &Columns, _: &Subject) -> bool {
    let program = &bench.program;
    assert!(program.tensors().iter().all(|(v, _)| *v == Visibility::Public));
    let values: Vec<i64> = columns.instance.iter().map(|v| integer(*v)).collect();
    let (inputs, outputs) = values.split_at(program.input_len());
    !program.run(inputs).is_ok_and(|trace| program.outputs_of(&trace) == outputs)
}

/// Constraints that follow from others: without them nothing false is accepted.
const REDUNDANT: [(&str, &str); 2] = [
    (
        "copies, lower bound, value",
        "the input is y = r + lo + 2^(2b-1) of this row, an integer from lo on by the limbs of r, whatever the operand is",
    ),
    ("copies, lower bound, ones", "likewise: the limbs of r alone bound y"),
];

fn attacks() -> Vec<Attack> {
    [matrix::attacks(), limbs::attacks(), product::attacks(), lookup::attacks(), hash::attacks(), select::attacks()]
        .into_iter()
        .flatten()
        .collect()
}

/// The constraints of all circuits that attacks are made on, and of random ones.
fn constraints(attacks: &[Attack]) -> BTreeSet<String> {
    let of = |a: &Attack| Bench::with_params(a.subject.program.clone(), a.subject.params.clone()).mutants();
    let random = (0..60).map(|seed| Bench::new(random_program(seed).0).mutants());
    // Limbs beyond those that attacks are made on are as those: all but the two highest are low limbs.
    let wide = |m: &Mutant| matches!(m, Mutant::Lookup(Site::LinearLimb(i) | Site::ProductLimb(i)) if *i > 2);
    let random = random.flatten().filter(|m| !wide(m));
    attacks.iter().flat_map(of).chain(random).map(|m| m.to_string()).collect()
}

#[test]
fn without_any_constraint_a_false_statement_is_accepted() {
    let start = Instant::now();
    let attacks = attacks();
    let mut killed: BTreeMap<String, String> = BTreeMap::new();
    for Attack { mutant, subject, forge, lie } in &attacks {
        let bench = |mutant| Bench::without(subject.program.clone(), subject.params.clone(), mutant);
        let (whole, without) = (bench(None), bench(Some(mutant.clone())));
        assert!(whole.mutants().contains(mutant), "{mutant}: not a constraint of its circuit");
        let honest = whole.first(&whole.program.run(&subject.inputs).unwrap());
        assert_eq!(whole.violation(&forge::finish(&whole, &honest)), None, "{mutant}: the honest witness");
        let columns = forge(&whole);
        assert!(lie(&whole, &columns, subject), "{mutant}: the statement is true");
        let refused = whole.violation(&columns).unwrap_or_else(|| panic!("{mutant}: accepted by the whole circuit"));
        let columns = forge(&without);
        assert!(lie(&without, &columns, subject), "{mutant}: the statement is true");
        assert_eq!(without.violation(&columns), None, "{mutant}: refused without it, too, so something else is tested");
        killed.insert(mutant.to_string(), refused);
    }
    let all = constraints(&attacks);
    for (mutant, refused) in &killed {
        println!("{mutant:<60} killed: {refused}");
    }
    for (mutant, why) in REDUNDANT {
        assert!(all.contains(mutant) && !killed.contains_key(mutant), "{mutant} is not redundant");
        println!("{mutant:<60} redundant: {why}");
    }
    let missing: Vec<_> =
        all.iter().filter(|m| !killed.contains_key(*m) && REDUNDANT.iter().all(|(r, _)| r != m)).collect();
    assert!(missing.is_empty(), "no attack shows what these are for: {missing:#?}");
    println!(
        "{} constraints left out one at a time by {} attacks: {} accept a false statement, {} are redundant; {:.1} s",
        all.len(),
        attacks.len(),
        killed.len(),
        REDUNDANT.len(),
        start.elapsed().as_secs_f64()
    );
}

/// Every limb is looked up once, and the function of every lane.
#[test]
fn nothing_is_left_out_of_the_lookups() {
    for seed in 0..60 {
        let bench = Bench::new(random_program(seed).0);
        let Some(chip) = &bench.config.lookup else { continue };
        let found: Vec<_> = chip.groups.iter().flatten().chain(&chip.direct).copied().collect();
        let limbs = bench.config.linear.iter().map(|l| &l.limbs).chain(bench.config.product.iter().map(|p| &p.limbs));
        let mut expected: Vec<vouch_circuit::chips::lookup::Lookup> = Vec::new();
        use vouch_circuit::chips::lookup::Lookup;
        expected.extend(limbs.flat_map(|l| l[..l.len() - 1].iter().map(|c| Lookup::Limb(*c))));
        expected.extend((0..bench.config.linear.len()).map(Lookup::Linear));
        expected.extend((0..bench.config.product.len()).map(Lookup::Product));
        assert_eq!(found.len(), expected.len(), "seed {seed}");
        assert!(expected.iter().all(|e| found.iter().filter(|f| *f == e).count() == 1), "seed {seed}");
    }
}
