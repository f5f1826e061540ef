//! Who may use whom.
//! ARCHITECTURE.md has the picture, which [`super::diagram`] draws from what the members really use.
//!
//! Only normal and build dependencies count: tests may use what they like.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};

use super::Finding;
use crate::{
    process,
    workspace::{Metadata, Workspace},
};

/// What each crate of the workspace may use of the others, directly. A crate that is not here is refused.
const MAY_USE: &[(&str, &[&str])] = &[
    ("vouch-schema", &[]),
    ("vouch-program", &["vouch-schema"]),
    ("vouch-envelope", &["vouch-schema"]),
    ("vouch-compiler", &["vouch-program"]),
    ("vouch-circuit", &["vouch-program", "vouch-poseidon"]),
    ("vouch-poseidon", &["vouch-schema"]),
    ("vouch-verifier", &["vouch-envelope", "vouch-schema"]),
    ("vouch-deposits", &[]),
    ("vouch-evm", &["vouch-envelope", "vouch-schema", "vouch-verifier"]),
    ("vouch-follower", &["vouch-api", "vouch-deposits"]),
    ("vouch-api", &["vouch-envelope", "vouch-schema"]),
    (
        "vouch-client",
        &[
            "vouch-api",
            "vouch-deposits",
            "vouch-disclosure",
            "vouch-envelope",
            "vouch-evm",
            "vouch-poseidon",
            "vouch-schema",
            "vouch-verifier",
        ],
    ),
    ("vouch-protocol", &["vouch-api", "vouch-envelope"]),
    ("vouch-subtensor", &["vouch-envelope", "vouch-protocol"]),
    ("vouch-channel", &["vouch-protocol"]),
    (
        "vouch-proving",
        &["vouch-circuit", "vouch-program", "vouch-poseidon", "vouch-verifier", "vouch-envelope", "vouch-schema"],
    ),
    (
        "vouch",
        &[
            "vouch-compiler",
            "vouch-circuit",
            "vouch-disclosure",
            "vouch-program",
            "vouch-proving",
            "vouch-verifier",
            "vouch-envelope",
        ],
    ),
    (
        "vouch-prover",
        &[
            "vouch",
            "vouch-compiler",
            "vouch-circuit",
            "vouch-disclosure",
            "vouch-program",
            "vouch-proving",
            "vouch-verifier",
            "vouch-envelope",
            "vouch-evm",
        ],
    ),
    ("vouch-disclosure", &["vouch-program", "vouch-proving", "vouch-verifier", "vouch-envelope"]),
    ("vouch-python", &["vouch"]),
    ("vouch-examples", &["vouch", "vouch-verifier-host"]),
    ("vouch-example-verify", &["vouch-verifier"]),
    ("vouch-prover-wasm", &["vouch-disclosure", "vouch-proving", "vouch-verifier", "vouch-envelope"]),
    ("vouch-verifier-wasm", &["vouch-verifier", "vouch-envelope"]),
    ("vouch-verifier-host", &["vouch-envelope"]),
    (
        "vouch-node",
        &[
            "vouch",
            "vouch-api",
            "vouch-channel",
            "vouch-client",
            "vouch-deposits",
            "vouch-disclosure",
            "vouch-envelope",
            "vouch-follower",
            "vouch-protocol",
            "vouch-subtensor",
            "vouch-verifier",
            "vouch-verifier-host",
        ],
    ),
    (
        "vouch-web",
        &[
            "vouch-api",
            "vouch-client",
            "vouch-deposits",
            "vouch-disclosure",
            "vouch-envelope",
            "vouch-evm",
            "vouch-schema",
        ],
    ),
    (
        "vouch-tests",
        &["vouch-compiler", "vouch-circuit", "vouch-program", "vouch-proving", "vouch-verifier", "vouch-envelope"],
    ),
    ("vouch-testing", &["vouch-circuit", "vouch-envelope", "vouch-program", "vouch-proving", "vouch-schema"]),
    ("xtask", &[]),
];

/// What a crate must not reach, at any depth. A name that ends in `*` stands for all that start so.
const MUST_NOT_REACH: &[(&str, &[&str])] = &[
    ("vouch-schema", PROVER),
    ("vouch-program", PROVER),
    ("vouch-envelope", PROVER),
    ("vouch-poseidon", PROVER),
    ("vouch-verifier", VERIFIER),
    ("vouch-verifier-wasm", PROVER),
    ("vouch-api", PROVER),
    ("vouch-client", PROVER),
    ("vouch-web", PROVER),
    ("vouch-prover-wasm", &["tract*", "onnx*", "tokio*", "vouch-compiler"]),
    ("vouch-deposits", PROVER),
    ("vouch-subtensor", PROVER),
    ("vouch-evm", PROVER),
    ("vouch-circuit", &["tract*", "onnx*", "prost*", "vouch-compiler"]),
    ("vouch-proving", &["tract*", "onnx*", "prost*", "vouch-compiler", "clap*"]),
    ("vouch", &["clap*", "indicatif*", "tokio*"]),
    ("vouch-python", &["clap*", "indicatif*", "tokio*"]),
];

/// Members that are built for WebAssembly.
const BROWSER: &[&str] = &["vouch-prover-wasm", "vouch-verifier-wasm", "vouch-web"];

/// What nothing that the browser loads may link. The prover of facts links halo2, but neither ONNX nor threads.
const PROVER: &[&str] = &["halo2*", "tract*", "onnx*", "rayon*", "tokio*"];

/// The verifier has its own curve: arkworks and halo2's curves are for tests to compare with.
const VERIFIER: &[&str] = &["halo2*", "tract*", "onnx*", "rayon*", "tokio*", "ark-*", "ff", "group", "num-*", "rand*"];

/// Crates that only some of ours may use directly.
const ONLY: &[(&str, &[&str])] = &[
    ("async-nats", &["vouch-node"]),
    ("frame-metadata", &["vouch-subtensor"]),
    ("quinn*", &["vouch-channel"]),
    ("axum*", &["vouch-node"]),
    ("pyo3*", &["vouch-python"]),
    ("halo2*", &["vouch", "vouch-circuit", "vouch-proving"]),
    ("tract*", &["vouch-compiler"]),
    ("wasm-bindgen", &["vouch-prover-wasm", "vouch-verifier-wasm", "vouch-web"]),
    ("js-sys", &["vouch-verifier-wasm", "vouch-web"]),
    ("web-sys", &["vouch-verifier-wasm", "vouch-web"]),
    ("wasmtime", &["vouch-verifier-host"]),
];

/// Which packages a member of the workspace links, and which of them uses which, by name.
#[derive(Debug, Default)]
pub(super) struct Graph {
    /// The member.
    root: String,
    /// All of the workspace's own.
    members: BTreeSet<String>,
    uses: BTreeMap<String, BTreeSet<String>>,
}

/// Reads the lines of `cargo tree --prefix depth`: a depth, a package, its version. A package that was seen before has no
/// lines below it.
fn uses(lines: &str) -> Option<BTreeMap<String, BTreeSet<String>>> {
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut path: Vec<&str> = Vec::new();
    for line in lines.lines() {
        let mut words = line.split_whitespace();
        let (depth, name) = (words.next()?.parse::<usize>().ok()?, words.next()?);
        path.truncate(depth);
        if let Some(user) = path.last() {
            uses.entry((*user).to_owned()).or_default().insert(name.to_owned());
        }
        path.push(name);
    }
    Some(uses)
}

impl Graph {
    /// The graphs of what each member links, one a member: features are those of a build of that member alone, on the target
    /// that it is for. Versions of one package are taken together.
    pub(super) fn of_members(workspace: &Workspace, metadata: &Metadata, host: &str) -> Result<Vec<Self>> {
        let members: BTreeSet<String> = metadata.members().map(|package| package.name.clone()).collect();
        let graph = |member: &String| {
            let target = if BROWSER.contains(&member.as_str()) { "wasm32-unknown-unknown" } else { host };
            let mut tree = process::cargo(&workspace.root);
            tree.args(["tree", "--locked", "--package", member, "--target", target, "--edges", "normal,build"]);
            let lines = process::output(tree.args(["--prefix", "depth", "--format", " {p}"]))?;
            let uses = uses(&lines)
                .with_context(|| format!("`cargo tree --package {member}` has another form than expected"))?;
            Ok(Self { root: member.clone(), members: members.clone(), uses })
        };
        members.iter().map(graph).collect()
    }

    /// The member that this is the graph of.
    pub(super) fn root(&self) -> &str {
        &self.root
    }

    /// The members of the workspace that this one uses directly.
    pub(super) fn uses_of_members(&self) -> impl Iterator<Item = &str> {
        self.direct(&self.root).filter(|name| self.members.contains(*name))
    }

    fn direct(&self, from: &str) -> impl Iterator<Item = &str> {
        self.uses.get(from).into_iter().flatten().map(String::as_str)
    }

    /// A shortest chain of uses from `from` to a package that the pattern matches.
    fn path(&self, from: &str, pattern: &str) -> Option<Vec<String>> {
        let mut paths = std::collections::VecDeque::from([vec![from.to_owned()]]);
        let mut seen = BTreeSet::from([from.to_owned()]);
        while let Some(path) = paths.pop_front() {
            let last = path.last()?;
            if last != from && matches(last, pattern) {
                return Some(path);
            }
            for next in self.direct(last) {
                if seen.insert(next.to_owned()) {
                    paths.push_back(path.iter().cloned().chain([next.to_owned()]).collect());
                }
            }
        }
        None
    }
}

fn matches(name: &str, pattern: &str) -> bool {
    pattern.strip_suffix('*').map_or(name == pattern, |start| name.starts_with(start))
}

/// Everything that breaks a rule in what a member links.
pub(super) fn check(graph: &Graph) -> Vec<Finding> {
    let member = graph.root.as_str();
    let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == member) else {
        return vec![Finding::new(member, "say in xtask/src/tidy/dependencies.rs what this crate may use")];
    };
    let mut findings = Vec::new();
    for used in graph.direct(member) {
        if graph.members.contains(used) && !allowed.contains(&used) {
            findings.push(Finding::new(member, format!("must not use {used}")));
        }
        for (pattern, users) in ONLY {
            if matches(used, pattern) && !users.contains(&member) {
                findings.push(Finding::new(member, format!("uses {used}, which is for {} only", users.join(" and "))));
            }
        }
    }
    for (_, patterns) in MUST_NOT_REACH.iter().filter(|(name, _)| *name == member) {
        for path in patterns.iter().filter_map(|pattern| graph.path(member, pattern)) {
            findings.push(Finding::new(member, format!("must not reach {}", path[1..].join(" -> "))));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(members: &[&str], uses: &[(&str, &[&str])]) -> Vec<String> {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let uses: BTreeMap<_, _> = uses.iter().map(|(from, to)| ((*from).to_owned(), own(to))).collect();
        let graph = |root: &&str| Graph { root: (*root).to_owned(), members: own(members), uses: uses.clone() };
        members.iter().map(graph).flat_map(|graph| check(&graph)).map(|finding| finding.to_string()).collect()
    }

    #[test]
    fn allowed_directions_pass() {
        let uses: &[(&str, &[&str])] = &[
            ("vouch-verifier", &["vouch-envelope", "blake2"]),
            ("vouch-compiler", &["vouch-program", "tract-onnx"]),
            ("vouch-circuit", &["vouch-program", "halo2-axiom"]),
            ("halo2-axiom", &["rayon"]),
        ];
        let members = ["vouch-verifier", "vouch-envelope", "vouch-compiler", "vouch-circuit", "vouch-program"];
        assert_eq!(messages(&members, uses), [""; 0]);
    }

    #[test]
    fn other_directions_are_refused() {
        let found = messages(&["vouch-program", "vouch-compiler"], &[("vouch-program", &["vouch-compiler"])]);
        assert_eq!(found, ["vouch-program: must not use vouch-compiler"]);
    }

    #[test]
    fn the_verifier_reaches_no_prover_at_any_depth() {
        let uses: &[(&str, &[&str])] =
            &[("vouch-verifier", &["thiserror"]), ("thiserror", &["rayon", "num"]), ("rayon", &["rayon-core"])];
        assert_eq!(messages(&["vouch-verifier"], uses), ["vouch-verifier: must not reach thiserror -> rayon"]);
    }

    #[test]
    fn the_verifier_has_its_own_curve() {
        let uses: &[(&str, &[&str])] = &[("vouch-verifier", &["serde", "x"]), ("x", &["ark-ff"])];
        assert_eq!(messages(&["vouch-verifier"], uses), ["vouch-verifier: must not reach x -> ark-ff"]);
    }

    #[test]
    fn the_circuit_reaches_no_onnx() {
        let uses: &[(&str, &[&str])] = &[("vouch-circuit", &["x"]), ("x", &["tract-core"])];
        assert_eq!(messages(&["vouch-circuit"], uses), ["vouch-circuit: must not reach x -> tract-core"]);
    }

    #[test]
    fn some_crates_are_for_some_of_ours() {
        let found = messages(&["vouch-prover"], &[("vouch-prover", &["axum", "tract-onnx"])]);
        assert_eq!(
            found,
            [
                "vouch-prover: uses axum, which is for vouch-node only",
                "vouch-prover: uses tract-onnx, which is for vouch-compiler only"
            ]
        );
    }

    /// What a crate that uses these, directly, is told.
    fn told(member: &str, used: &[&str]) -> Vec<String> {
        let members: BTreeSet<String> = MAY_USE.iter().map(|(name, _)| (*name).to_owned()).collect();
        let used = used.iter().map(|name| (*name).to_owned()).collect();
        let graph = Graph { root: member.to_owned(), members, uses: [(member.to_owned(), used)].into() };
        check(&graph).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn each_crate_may_use_what_its_row_says_and_no_other_member() {
        for (member, allowed) in MAY_USE {
            assert_eq!(told(member, allowed), [""; 0]);
            for (other, _) in MAY_USE.iter().filter(|(other, _)| other != member && !allowed.contains(other)) {
                let all = told(member, &[allowed, &[*other][..]].concat());
                assert!(all.contains(&format!("{member}: must not use {other}")), "{all:?}");
            }
        }
    }

    #[test]
    fn each_crate_must_not_reach_what_its_row_says() {
        for (member, patterns) in MUST_NOT_REACH {
            for pattern in *patterns {
                // `tokio*` stands for `tokio` and for `tokio-more`.
                let name = pattern.strip_suffix('*');
                let reached = name.map(|name| format!("{name}-more"));
                for reached in [name.or(Some(pattern)), reached.as_deref()].into_iter().flatten() {
                    let uses: &[(&str, &[&str])] = &[(member, &["between"]), ("between", &[reached])];
                    let expected = format!("{member}: must not reach between -> {reached}");
                    assert_eq!(messages(&[member], uses), [expected]);
                    let all = told(member, &[reached]);
                    assert!(all.contains(&format!("{member}: must not reach {reached}")), "{all:?}");
                }
            }
        }
        // Whatever a browser loads has a row.
        assert_eq!(BROWSER.iter().find(|name| !MUST_NOT_REACH.iter().any(|(member, _)| member == *name)), None);
    }

    #[test]
    fn trees_of_cargo_are_read() {
        let lines = "0 vouch-web v0.1.0 (/vouch/web)\n1 leptos v0.8.23\n2 serde v1.0.1\n1 vouch-api v0.1.0 (/vouch/api)\n2 serde v1.0.1 (*)\n";
        let uses = uses(lines).unwrap();
        let of = |name: &str| uses[name].iter().map(String::as_str).collect::<Vec<_>>();
        assert_eq!(of("vouch-web"), ["leptos", "vouch-api"]);
        assert_eq!((of("leptos"), of("vouch-api")), (vec!["serde"], vec!["serde"]));
        assert!(super::uses("vouch-web v0.1.0\n").is_none());
    }

    #[test]
    fn unknown_crates_are_refused() {
        let found = messages(&["vouch-new"], &[]);
        assert_eq!(found, ["vouch-new: say in xtask/src/tidy/dependencies.rs what this crate may use"]);
    }
}
