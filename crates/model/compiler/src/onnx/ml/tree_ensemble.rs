//! TreeEnsembleClassifier, TreeEnsembleRegressor and TreeEnsemble: reading and checking trees. [`forest`](super::forest)
//! lowers them and says what they cost.

use std::collections::HashMap;

use super::{
    super::{
        attributes::{Lower, Lowered, Node},
        parts::Parts,
        tensor::Tensor,
        weights,
    },
    classes::{Labels, PostTransform, features},
    forest::{Aggregate, Branch, Forest, Split, Test},
};
use crate::{
    CompileError,
    graph::{Graph, ValueId},
};

pub(super) const OPS: &[(&str, Lower)] = &[
    ("ai.onnx.ml:TreeEnsemble", ensemble),
    ("ai.onnx.ml:TreeEnsembleClassifier", classifier),
    ("ai.onnx.ml:TreeEnsembleRegressor", regressor),
];

pub(super) const LIMITS: &[(&str, &str)] = &[
    ("ai.onnx.ml:TreeEnsemble", "trees of at most 1024 levels; an input is a number, so no value is missing"),
    (
        "ai.onnx.ml:TreeEnsembleClassifier",
        "trees of at most 1024 levels; an input is a number, so no value is missing; labels that are names are given as \
         indices of the classes",
    ),
    ("ai.onnx.ml:TreeEnsembleRegressor", "trees of at most 1024 levels; an input is a number, so no value is missing"),
];

/// A list of integers that must be there.
fn ints(node: &Node<'_>, name: &str) -> Result<Vec<i64>, CompileError> {
    node.ints(name)?.ok_or_else(|| node.error(format!("attribute `{name}` is missing")))
}

/// A list of numbers, from an attribute of floats or of a tensor.
fn numbers(node: &Node<'_>, name: &str) -> Result<Option<Vec<f64>>, CompileError> {
    for name in [format!("{name}_as_tensor"), name.to_owned()] {
        // The attribute of the name itself may be a list of floats.
        let Some(t) = node.proto.attribute.iter().find(|a| a.name == name).and_then(|a| a.t.as_ref()) else { continue };
        let t = weights::read(t, None)?;
        return Ok(t.constants().map(<[f64]>::to_vec));
    }
    node.floats(name)
}

fn required(node: &Node<'_>, name: &str) -> Result<Vec<f64>, CompileError> {
    numbers(node, name)?.ok_or_else(|| node.error(format!("attribute `{name}` is missing")))
}

/// Element `i` of a list, as an index below `len`.
fn index(node: &Node<'_>, what: &str, value: i64, len: usize) -> Result<usize, CompileError> {
    let found = usize::try_from(value).ok().filter(|&i| i < len);
    found.ok_or_else(|| node.error(format!("{what} is {value}, expected 0 to {}", len.saturating_sub(1))))
}

fn same_length(node: &Node<'_>, lists: &[(&str, usize)]) -> Result<usize, CompileError> {
    let (first, n) = lists[0];
    match lists.iter().find(|l| l.1 != n) {
        Some((other, m)) => Err(node.error(format!("`{first}` has {n} elements, `{other}` {m}"))),
        None => Ok(n),
    }
}

/// The trees of a classifier or regressor, whose nodes have a tree and a number. `kind` is what names of the attributes of
/// weights begin with.
fn numbered(node: &Node<'_>, kind: &str, cols: usize, targets: usize) -> Result<Forest, CompileError> {
    let (trees, ids) = (ints(node, "nodes_treeids")?, ints(node, "nodes_nodeids")?);
    let (yes, no) = (ints(node, "nodes_truenodeids")?, ints(node, "nodes_falsenodeids")?);
    let (of, values) = (ints(node, "nodes_featureids")?, required(node, "nodes_values")?);
    let modes = node.strings("nodes_modes")?.ok_or_else(|| node.error("attribute `nodes_modes` is missing"))?;
    let n = same_length(
        node,
        &[
            ("nodes_treeids", trees.len()),
            ("nodes_nodeids", ids.len()),
            ("nodes_truenodeids", yes.len()),
            ("nodes_falsenodeids", no.len()),
            ("nodes_featureids", of.len()),
            ("nodes_values", values.len()),
            ("nodes_modes", modes.len()),
        ],
    )?;
    let mut places: HashMap<(i64, i64), usize> = HashMap::with_capacity(n);
    for i in 0..n {
        if places.insert((trees[i], ids[i]), i).is_some() {
            return Err(node.error(format!("node {} of tree {} is there twice", ids[i], trees[i])));
        }
    }
    // Each node is a leaf or a split; both are numbered apart.
    let is_leaf: Vec<bool> = modes.iter().map(|m| m == "LEAF").collect();
    let mut branches = Vec::with_capacity(n);
    let (mut splits, mut leaves) = (0, 0);
    for &leaf in &is_leaf {
        let own = if leaf { &mut leaves } else { &mut splits };
        branches.push(if leaf { Branch::Leaf(*own) } else { Branch::Split(*own) });
        *own += 1;
    }
    let mut has_parent = vec![false; n];
    let mut forest = Forest::new(cols, targets);
    for i in (0..n).filter(|&i| !is_leaf[i]) {
        let mut child = |id: i64| {
            let missing = || node.error(format!("node {} of tree {} has no child {id}", ids[i], trees[i]));
            let &at = places.get(&(trees[i], id)).ok_or_else(missing)?;
            if std::mem::replace(&mut has_parent[at], true) {
                return Err(node.error(format!("node {id} of tree {} has two parents", trees[i])));
            }
            Ok(branches[at])
        };
        let test = match modes[i].as_str() {
            "BRANCH_LEQ" => Test::AtMost(values[i]),
            "BRANCH_LT" => Test::Below(values[i]),
            "BRANCH_GTE" => Test::AtLeast(values[i]),
            "BRANCH_GT" => Test::Above(values[i]),
            "BRANCH_EQ" => Test::Among(vec![values[i]]),
            "BRANCH_NEQ" => Test::NotAmong(vec![values[i]]),
            other => return Err(node.error(format!("the mode `{other}` is unknown"))),
        };
        let feature = index(node, "a feature's number", of[i], cols)?;
        forest.splits.push(Split { feature, test, yes: child(yes[i])?, no: child(no[i])? });
    }
    forest.leaves = vec![Vec::new(); leaves];
    // Trees in the order of their first nodes.
    let mut roots: HashMap<i64, usize> = HashMap::new();
    for i in 0..n {
        if !has_parent[i] {
            forest.roots.push(branches[i]);
            if roots.insert(trees[i], i).is_some() {
                return Err(node.error(format!("tree {} has two roots", trees[i])));
            }
        }
    }
    if let Some(t) = trees.iter().find(|t| !roots.contains_key(t)) {
        return Err(node.error(format!("tree {t} has a cycle")));
    }
    let name = |part: &str| format!("{kind}_{part}");
    let (w_trees, w_ids) = (ints(node, &name("treeids"))?, ints(node, &name("nodeids"))?);
    let (w_targets, w) = (ints(node, &name("ids"))?, required(node, &name("weights"))?);
    let lists = [("treeids", w_trees.len()), ("nodeids", w_ids.len()), ("ids", w_targets.len()), ("weights", w.len())];
    for i in 0..same_length(node, &lists)? {
        let at = places.get(&(w_trees[i], w_ids[i]));
        let Some(Branch::Leaf(leaf)) = at.map(|&at| branches[at]) else {
            return Err(node.error(format!("node {} of tree {} has a weight and is not a leaf", w_ids[i], w_trees[i])));
        };
        forest.leaves[leaf].push((index(node, "a target's number", w_targets[i], targets)?, w[i]));
    }
    forest.check(node, true)?;
    Ok(forest)
}

/// The trees of a TreeEnsemble, whose splits and leaves have indices.
fn indexed(node: &Node<'_>, cols: usize, targets: usize) -> Result<Forest, CompileError> {
    let (of, modes) = (ints(node, "nodes_featureids")?, required(node, "nodes_modes")?);
    let (yes, no) = (ints(node, "nodes_truenodeids")?, ints(node, "nodes_falsenodeids")?);
    let (yes_leaf, no_leaf) = (ints(node, "nodes_trueleafs")?, ints(node, "nodes_falseleafs")?);
    let values = required(node, "nodes_splits")?;
    let n = same_length(
        node,
        &[
            ("nodes_featureids", of.len()),
            ("nodes_modes", modes.len()),
            ("nodes_truenodeids", yes.len()),
            ("nodes_falsenodeids", no.len()),
            ("nodes_trueleafs", yes_leaf.len()),
            ("nodes_falseleafs", no_leaf.len()),
            ("nodes_splits", values.len()),
        ],
    )?;
    let (w, w_targets) = (required(node, "leaf_weights")?, ints(node, "leaf_targetids")?);
    let leaves = same_length(node, &[("leaf_weights", w.len()), ("leaf_targetids", w_targets.len())])?;
    let mut forest = Forest::new(cols, targets);
    for (&w, &t) in w.iter().zip(&w_targets) {
        forest.leaves.push(vec![(index(node, "a target's number", t, targets)?, w)]);
    }
    // Members of each set, in the order of the nodes, with a NaN after each.
    let members = numbers(node, "membership_values")?.unwrap_or_default();
    let mut sets = members.split(|v| v.is_nan());
    let branch = |at: i64, leaf: i64| {
        if leaf != 0 {
            index(node, "a leaf's number", at, leaves).map(Branch::Leaf)
        } else {
            index(node, "a node's number", at, n).map(Branch::Split)
        }
    };
    for i in 0..n {
        let test = match modes[i] as i64 {
            0 => Test::AtMost(values[i]),
            1 => Test::Below(values[i]),
            2 => Test::AtLeast(values[i]),
            3 => Test::Above(values[i]),
            4 => Test::Among(vec![values[i]]),
            5 => Test::NotAmong(vec![values[i]]),
            6 => {
                let missing = || node.error("`membership_values` has fewer sets than there are nodes with one");
                Test::Among(sets.next().ok_or_else(missing)?.to_vec())
            }
            other => return Err(node.error(format!("the mode {other} is unknown"))),
        };
        let feature = index(node, "a feature's number", of[i], cols)?;
        let (yes, no) = (branch(yes[i], yes_leaf[i])?, branch(no[i], no_leaf[i])?);
        forest.splits.push(Split { feature, test, yes, no });
    }
    for root in ints(node, "tree_roots")? {
        let at = index(node, "a root", root, n)?;
        let split = &forest.splits[at];
        // A tree that is only a leaf is a node with that leaf on both sides.
        let alone = matches!(split.yes, Branch::Leaf(_)) && split.yes == split.no;
        forest.roots.push(if alone { split.yes } else { Branch::Split(at) });
    }
    forest.check(node, false)?;
    Ok(forest)
}

/// What is added to each target: one number for each, or one for all.
fn base_values(node: &Node<'_>, targets: usize) -> Result<Vec<f64>, CompileError> {
    let base = numbers(node, "base_values")?.unwrap_or_default();
    match base.len() {
        0 => Ok(vec![0.0; targets]),
        n if n == targets => Ok(base),
        n => Err(node.error(format!("it has {n} base values for {targets} targets"))),
    }
}

fn targets(node: &Node<'_>) -> Result<usize, CompileError> {
    let n = usize::try_from(node.int("n_targets", 1)?).ok().filter(|&n| n > 0);
    let n = n.ok_or_else(|| node.error("`n_targets` is not positive"))?;
    node.checked_len(&[n])
}

fn finish(node: &Node<'_>, graph: &mut Graph, shape: [usize; 2], y: &[ValueId], transform: PostTransform) -> Lowered {
    let y = transform.apply(&mut Parts::new(node, graph), shape[1], y);
    Ok(vec![Tensor::values(graph, shape.to_vec(), y)])
}

fn regressor(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (x, rows, cols) = features(node)?;
    let targets = targets(node)?;
    let mut forest = numbered(node, "target", cols, targets)?;
    forest.base = base_values(node, targets)?;
    forest.aggregate = match node.string("aggregate_function", "SUM")?.as_str() {
        "SUM" => Aggregate::Sum,
        "AVERAGE" => Aggregate::Average,
        "MIN" => Aggregate::Min,
        "MAX" => Aggregate::Max,
        other => return Err(node.error(format!("the aggregate function `{other}` is unknown"))),
    };
    let transform = PostTransform::of(node)?;
    let y = forest.lower(node, graph, x, rows)?;
    finish(node, graph, [rows, targets], &y, transform)
}

fn ensemble(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (x, rows, cols) = features(node)?;
    let targets = targets(node)?;
    let mut forest = indexed(node, cols, targets)?;
    forest.aggregate = match node.int("aggregate_function", 1)? {
        0 => Aggregate::Average,
        1 => Aggregate::Sum,
        2 => Aggregate::Min,
        3 => Aggregate::Max,
        other => return Err(node.error(format!("the aggregate function {other} is unknown"))),
    };
    let transform = PostTransform::numbered(node)?;
    let y = forest.lower(node, graph, x, rows)?;
    finish(node, graph, [rows, targets], &y, transform)
}

fn classifier(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (x, rows, cols) = features(node)?;
    let labels = Labels::of(node, "classlabels_int64s", "classlabels_strings")?;
    let transform = PostTransform::of(node)?;
    let targets = labels.len();
    let mut forest = numbered(node, "class", cols, targets)?;
    let weights = || forest.leaves.iter().flatten();
    let positive = weights().all(|&(_, w)| w >= 0.0);
    let first = weights().next().map(|w| w.0);
    // With weights of one class only, a score decides between two classes.
    let binary = targets == 2 && weights().all(|w| Some(w.0) == first);
    if !binary {
        forest.base = base_values(node, targets)?;
        let scores = forest.lower(node, graph, x, rows)?;
        let label = labels.of_largest(&mut Parts::new(node, graph), &scores);
        let mut out = vec![Labels::tensor(graph, rows, label)];
        out.extend(finish(node, graph, [rows, targets], &scores, transform)?);
        return Ok(out);
    }
    forest.leaves.iter_mut().flatten().for_each(|w| w.0 = 0);
    forest.targets = 1;
    // The score is the second class's: of two base values the second one counts.
    forest.base = vec![numbers(node, "base_values")?.unwrap_or_default().last().copied().unwrap_or(0.0)];
    let score = forest.lower(node, graph, x, rows)?;
    let mut parts = Parts::new(node, graph);
    // As onnxruntime does it: scores of weights that are all positive are probabilities.
    let (label, negative, value) = if positive {
        let label = labels.of_score(&mut parts, &score, 0.5);
        let value = if transform == PostTransform::Probit { transform.apply(&mut parts, 1, &score) } else { score };
        let other = parts.affine("other", &value, -1.0, 1.0);
        (label, other, value)
    } else {
        let label = labels.of_score(&mut parts, &score, 0.0);
        match transform {
            PostTransform::Logistic => {
                let value = transform.apply(&mut parts, 1, &score);
                let other = parts.affine("other", &value, -1.0, 1.0);
                (label, other, value)
            }
            _ => {
                let other = parts.affine("other", &score, -1.0, 0.0);
                (label, other, score)
            }
        }
    };
    let mut both: Vec<ValueId> = negative.iter().zip(&value).flat_map(|(&o, &s)| [o, s]).collect();
    if !positive && matches!(transform, PostTransform::Softmax | PostTransform::SoftmaxZero) {
        both = transform.apply(&mut parts, 2, &both);
    }
    Ok(vec![Labels::tensor(graph, rows, label), Tensor::values(graph, vec![rows, 2], both)])
}
