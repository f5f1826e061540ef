//! The rank is full for random programs, and [`rank_of_pieces`] finds the same leading forms as the whole quotient does.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use vouch_circuit::Objective;
use vouch_program::{Interval, Program, Requant, Segment, Term, Visibility, WeightMode};
use vouch_testing::random_program;

use super::*;
use crate::{ProverKey, Srs, plan};

/// A change of random rows that keeps commitments and evaluations.
struct Direction {
    column: usize,
    rows: Vec<Fr>,
}

/// Everything that the quotient is made of, with random challenges.
struct Setting<'a> {
    key: &'a ProverKey,
    domain: Domain,
    challenges: Vec<Fr>,
    c: Combine,
    secret: Fr,
    x: Fr,
    instance: Vec<Fr>,
    rng: ChaCha8Rng,
}

impl<'a> Setting<'a> {
    fn new(key: &'a ProverKey, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let cs = key.pk.get_vk().cs();
        let domain = Domain::new(key.pk.get_vk().get_domain().k());
        let mut random = || Fr::random(&mut rng);
        let challenges = (0..cs.num_challenges()).map(|_| random()).collect();
        let c = Combine { beta: random(), gamma: random(), y: random() };
        let (secret, x) = (random(), random());
        let instance = (0..domain.n).map(|_| random()).collect();
        Self { key, domain, challenges, c, secret, x, instance, rng }
    }

    fn advice(&self) -> usize {
        self.key.pk.get_vk().cs().num_advice_columns()
    }

    fn products(&self) -> usize {
        let cs = self.key.pk.get_vk().cs();
        cs.permutation().get_columns().len().div_ceil(cs.degree() - 2)
    }

    /// Advice columns, then permutation products: every cell random, as if it were of any witness.
    fn columns(&mut self) -> Vec<Vec<Fr>> {
        let (n, count) = (self.domain.n, self.advice() + self.products());
        (0..count).map(|_| (0..n).map(|_| Fr::random(&mut self.rng)).collect()).collect()
    }

    fn points(&self) -> Points<'_> {
        let blinding = self.key.pk.get_vk().cs().blinding_factors();
        Points { domain: &self.domain, blinding, secret: self.secret, x: self.x }
    }

    /// A random direction of a column, which is 0 at s and at every point where the column is opened.
    fn direction(&mut self, column: usize) -> Direction {
        let mut rng = self.rng.clone();
        let points = self.points();
        let rows = points.direction(column >= self.advice(), &mut rng).unwrap();
        let mut zeros = vec![points.secret, points.x, self.domain.rotate(self.x, 1)];
        if column >= self.advice() {
            zeros.push(self.domain.rotate(self.x, -(points.blinding as i32 + 1)));
        }
        for z in zeros {
            let first = self.domain.n - rows.len();
            let value: Fr = rows.iter().zip(first..).map(|(v, row)| *v * points.lagrange(row, z).unwrap()).sum();
            assert_eq!(value, Fr::zero());
        }
        self.rng = rng;
        Direction { column, rows }
    }

    /// The values at s of the pieces, for columns and multiples of directions.
    fn pieces(&self, columns: &[Vec<Fr>], changes: &[(&Direction, Fr)]) -> Vec<Fr> {
        let mut columns = columns.to_vec();
        for (direction, by) in changes {
            let first = self.domain.n - direction.rows.len();
            for (v, d) in columns[direction.column][first..].iter_mut().zip(&direction.rows) {
                *v += *d * by;
            }
        }
        let polys: Vec<Vec<Fr>> = columns.iter().map(|c| self.domain.coefficients(c)).collect();
        let instance = self.domain.coefficients(&self.instance);
        let slices: Vec<&[Fr]> = polys.iter().map(Vec::as_slice).collect();
        let (advice, products) = slices.split_at(self.advice());
        let pk = &self.key.pk;
        let polys = in_places(pk, &instance, advice, products);
        let pieces = quotient(pk.get_vk().cs(), &self.domain, &polys, &self.challenges, &self.c).unwrap();
        pieces.iter().map(|p| evaluate(p, &self.secret)).collect()
    }
}

/// The leading coefficient (times the factorial of its degree) and the degree of a polynomial with
/// these values at 0, 1, 2, …, more than its degree.
fn leading(mut values: Vec<Vec<Fr>>) -> (Vec<Fr>, usize) {
    let minus = |a: &[Fr], b: &[Fr]| -> Vec<Fr> { a.iter().zip(b).map(|(a, b)| *a - b).collect() };
    let mut found = (Vec::new(), 0);
    for degree in 0..values.len() {
        if values[0].iter().any(|v| *v != Fr::zero()) {
            found = (values[0].clone(), degree);
        }
        values = values.windows(2).map(|w| minus(&w[1], &w[0])).collect();
    }
    found
}

/// How the pieces change along one direction, for 0, 1, 2, … times τ.
type Path = Vec<Vec<Fr>>;

/// Σ s^(n·m)·h_m(s), the value of the whole quotient.
fn whole(setting: &Setting<'_>, pieces: &[Fr]) -> Fr {
    let by = setting.secret.pow_vartime([setting.domain.n as u64]);
    pieces.iter().rev().fold(Fr::zero(), |sum, v| sum * by + v)
}

/// Directions of linear columns: the running sum's first, then of multiplicities, of some products and
/// of some helpers.
fn deltas(setting: &mut Setting<'_>, linear: &[usize]) -> Vec<Direction> {
    let (helpers, rest) = linear.split_at(linear.len() + 1 - setting.products() - 2);
    let chosen: Vec<usize> = rest.iter().take(6).chain(helpers.iter().rev().take(3)).copied().collect();
    let mut out = Vec::new();
    for column in chosen {
        let freedom = if column < setting.advice() { 2 } else { 1 };
        out.extend((0..freedom).map(|_| setting.direction(column)));
    }
    out
}

/// Checks the layout of a key. Returns the rank of all leading forms together, and how many pieces
/// there are.
fn check(key: &ProverKey, seed: u64) -> [usize; 2] {
    let mut setting = Setting::new(key, seed);
    let config = ModelConfig::configure(&mut ConstraintSystem::default(), &key.header.params);
    let cs = key.pk.get_vk().cs();
    let roles = Roles::new(cs, &config).expect("something is looked up");
    let (linear, others) = (&roles.linear, &roles.others);
    let taus: Vec<Direction> = others.iter().map(|c| setting.direction(*c)).collect();
    let deltas = deltas(&mut setting, linear);
    let (first, second) = (setting.columns(), setting.columns());
    // The degree in τ is at most 4: a constraint has degree 5, and one factor is a linear column.
    let moved = |by: u64| -> Vec<(&Direction, Fr)> { taus.iter().map(|t| (t, Fr::from(by))).collect() };
    let base = |columns: &[Vec<Fr>]| -> Path { (0..6).map(|by| setting.pieces(columns, &moved(by))).collect() };
    let path = |columns: &[Vec<Fr>], base: &Path, deltas: &[(&Direction, Fr)]| -> Path {
        let changed = (0..6).map(|by| setting.pieces(columns, &[&moved(by), deltas].concat()));
        changed.zip(base).map(|(a, b)| a.iter().zip(b).map(|(a, b)| *a - b).collect()).collect()
    };
    let (base_1, base_2) = (base(&first), base(&second));
    let paths: Vec<Path> = deltas.iter().map(|d| path(&first, &base_1, &[(d, Fr::one())])).collect();
    for at in [0, 2, deltas.len() - 1] {
        let other = path(&second, &base_2, &[(&deltas[at], Fr::one())]);
        assert_eq!(leading(other), leading(paths[at].clone()), "the leading form depends on the witness");
    }
    // The leading forms of products are those that `rank_of_pieces` looks at.
    for (delta, path) in deltas.iter().zip(&paths) {
        let set = delta.column.checked_sub(setting.advice());
        let Some((set, columns)) = set.and_then(|set| Some((set, roles.set(cs, set)?))) else { continue };
        let moves = |c: &usize| taus.iter().find(|tau| tau.column == *c).unwrap().rows.clone();
        let moves: Vec<Vec<Fr>> = columns.iter().map(moves).collect();
        let form = setting.points().form(path[0].len(), &delta.rows, &moves).unwrap();
        let last = (roles.products - 1 - set) as u64;
        let by = setting.c.y.pow_vartime([last]) * Fr::from(6);
        assert_eq!(leading(path.clone()), (form.iter().map(|v| *v * by).collect(), 3));
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let factors: Vec<Fr> = deltas.iter().map(|_| Fr::random(&mut rng)).collect();
    let together: Vec<(&Direction, Fr)> = deltas.iter().zip(factors.iter().copied()).collect();
    assert_eq!(path(&first, &base_1, &together), combined(&paths, &factors), "two linear columns are multiplied");
    // The whole quotient's value moves with the running sum, and not with τ.
    let wholes: Vec<Fr> = paths.iter().map(|path| whole(&setting, &path[0])).collect();
    for (path, expected) in paths.iter().zip(&wholes) {
        assert!(path.iter().all(|pieces| whole(&setting, pieces) == *expected));
    }
    assert_ne!(wholes[0], Fr::zero());
    let mut forms = Vec::new();
    for (path, whole) in paths.iter().zip(&wholes).skip(1) {
        let kept = combined(&[path.clone(), paths[0].clone()], &[Fr::one(), -*whole * wholes[0].invert().unwrap()]);
        let (form, degree) = leading(kept);
        assert!(degree <= 3);
        forms.push(form);
    }
    let pieces = paths[0][0].len();
    [1 + reduce(&mut forms).unwrap(), pieces]
}

/// A linear combination of paths.
fn combined(paths: &[Path], factors: &[Fr]) -> Path {
    let mut sum: Path = paths[0].iter().map(|row| vec![Fr::zero(); row.len()]).collect();
    for (path, factor) in paths.iter().zip(factors) {
        for (sum, v) in sum.iter_mut().flatten().zip(path.iter().flatten()) {
            *sum += *v * factor;
        }
    }
    sum
}

fn key(program: &Program, objective: Objective, k: Option<u32>) -> Option<ProverKey> {
    let plan = plan(program, 1, objective, k).ok()?;
    Some(ProverKey::generate(&plan, &Srs::development(plan.k())).unwrap())
}

/// Random programs of every instruction, with public and hashed inputs, fixed and private weights,
/// for all objectives.
#[test]
fn pieces_of_random_programs_are_free() {
    let names = std::collections::BTreeMap::from([("x".to_owned(), Visibility::Hashed)]);
    let (mut hashed, mut private, mut tried, mut bounded) = (0, 0, 0, 0);
    for seed in 0..24 {
        let (program, _) = random_program(seed);
        let program = if seed % 3 == 0 { program.clone().with_visibility(&names).unwrap_or(program) } else { program };
        let other = program.clone().with_weights(WeightMode::Private);
        let program = if seed % 2 == 0 { program } else { other.unwrap_or(program) };
        let objective = [Objective::Prover, Objective::Proof, Objective::Memory][seed as usize % 3];
        let key = key(&program, objective, None).unwrap();
        if key.header.params.linear_lanes + key.header.params.product_lanes == 0 {
            continue;
        }
        hashed += usize::from(key.header.params.hash_lanes > 0);
        private += usize::from(key.header.params.private_weights);
        tried += 1;
        let [rank, pieces] = check(&key, seed);
        assert_eq!(rank, pieces, "seed {seed}: {:?}", key.header.params);
        // The bound that needs no key is never above the rank, and is the rank where there are products enough.
        let bound = rank_of_pieces(&key.header.params, &mut ChaCha8Rng::seed_from_u64(seed)).unwrap();
        assert!(bound.pieces == pieces && bound.rank == pieces.min(1 + bound.products), "seed {seed}: {bound:?}");
        bounded += usize::from(bound.rank == pieces);
    }
    assert!(hashed > 2 && private > 2 && tried > 16 && bounded > 2, "{hashed} {private} {tried} {bounded}");
}

/// A layer as models have them: limbs of eight bits, long rows, a function, products and a maximum,
/// in few rows and so in many lanes.
fn layer(private: bool) -> Program {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let mut p = Program::builder(8);
    let x = p.input("x", &[6], 1.0, Interval::new(-100, 100)).wires();
    let one = p.constant(1);
    let segments = (0..64).map(|_| Segment { base: rng.gen_range(-90..90), slope: rng.gen_range(-3..4) }).collect();
    let table = p.table("f", 1.0, -32, segments);
    let weights = (0..7 * 24).map(|_| rng.gen_range(-60..60)).collect();
    let requant = (0..24).map(|i| if i % 2 == 0 { Requant::rescale(9) } else { Requant::table(9, table, 0) }).collect();
    let m = p.matrix("m", 7, 24, weights, requant);
    let row: Vec<_> = x.iter().copied().chain([one]).collect();
    let h = p.linear("h", m, 40, 1, row.repeat(40)).wires();
    let terms = vec![
        Term { factor: 1, a: h[..600].to_vec(), b: h[300..900].to_vec() },
        Term { factor: -1, a: h[360..].to_vec(), b: h[..600].to_vec() },
    ];
    let (r, _) = p.product("c", terms, Requant::rescale(8));
    let best = p.max("best", 4, r.wires()).wires();
    p.output("y", &[best.len() as u32], 1.0, best);
    let program = p.finish().unwrap();
    if private { program.with_weights(WeightMode::Private).unwrap() } else { program }
}

#[test]
fn pieces_of_a_wide_layout_are_free() {
    for private in [false, true] {
        let program = layer(private);
        let mut shapes = std::collections::BTreeSet::new();
        for objective in [Objective::Prover, Objective::Proof] {
            for k in [None, Some(9), Some(10)] {
                let Some(key) = key(&program, objective, k) else { continue };
                let p = &key.header.params;
                if shapes.insert((p.k, p.linear_lanes, p.product_lanes, p.matrix_lanes)) {
                    let [rank, pieces] = check(&key, u64::from(p.k));
                    assert_eq!(rank, pieces, "{p:?}");
                }
            }
        }
        assert!(shapes.iter().any(|(_, linear, product, _)| *linear > 1 && *product > 1), "{shapes:?}");
    }
}
