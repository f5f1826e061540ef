//! Small files that ask for a large memory: each is a typed error.
//!
//! `VOUCH_HOSTILE=DIR` takes the files of a directory instead, and prints what each takes.

mod support;

use std::{path::Path, time::Instant};

use support::{Model, ints, list, weights};
use vouch_compiler::{CompileError, CompileOptions, InputRanges, OnnxModel, compile_model};

fn compile(bytes: &[u8]) -> Result<(), CompileError> {
    let model = OnnxModel::from_bytes(bytes)?;
    let ranges = InputRanges::global(-1.0, 1.0);
    compile_model(&model, &CompileOptions { ranges, samples: 1, ..CompileOptions::default() }).map(drop)
}

/// The largest memory of this process so far, in MiB, where the system says it.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok().map(|kb| kb >> 10)
}

#[test]
fn small_files_take_a_small_memory() {
    if let Some(folder) = std::env::var_os("VOUCH_HOSTILE") {
        return of_folder(Path::new(&folder));
    }
    let one = || Model::new(20).input("x", &[1]);
    let square = |n: i64| Model::new(20).input("x", &[n, n]);
    let column = || Model::new(20).input("x", &[8192, 1]).node("Transpose", "x", "t", vec![]);
    let mut copies = one().init(ints("s", &[1 << 22])).node("Expand", "x s", "e", vec![]);
    for i in 0..200 {
        copies = copies.node("Transpose", "e", &format!("t{i}"), vec![]);
    }
    let mut doubled = one();
    for i in 0..40 {
        let (from, to) = (if i == 0 { "x".into() } else { format!("d{i}") }, format!("d{}", i + 1));
        doubled = doubled.node("Concat", &format!("{from} {from}"), &to, vec![support::int("axis", 0)]);
    }
    let kernel = || weights("w", &[1, 1, 64, 64], 1, 1.0);
    let image = |n: i64| Model::new(20).input("x", &[1, 1, n, n]);
    let cases = [
        ("expand", one().init(ints("s", &[1 << 26])).node("Expand", "x s", "e", vec![]).node("Relu", "e", "y", vec![])),
        ("tile", one().init(ints("s", &[1 << 26])).node("Tile", "x s", "e", vec![]).node("Relu", "e", "y", vec![])),
        (
            "fill",
            one().init(ints("s", &[1 << 26])).node("ConstantOfShape", "s", "c", vec![]).node("Add", "c x", "y", vec![]),
        ),
        ("pad", one().init(ints("p", &[1 << 40, 1 << 40])).node("Pad", "x p", "y", vec![])),
        ("input", square(1 << 13).node("Relu", "x", "y", vec![])),
        ("copies", copies.node("Relu", "t7", "y", vec![])),
        ("doubled", doubled.node("Relu", "d40", "y", vec![])),
        ("outer sum", column().node("Add", "x t", "y", vec![])),
        ("outer product", column().node("MatMul", "x t", "y", vec![])),
        ("windows", image(2048).init(kernel()).node("Conv", "x w", "y", vec![])),
        ("padded windows", image(2).init(kernel()).node("Conv", "x w", "y", vec![list("pads", &[1 << 40; 4])])),
        ("strides", image(2).init(kernel()).node("ConvTranspose", "x w", "y", vec![list("strides", &[8000, 8000])])),
        ("pool", image(2000).node("MaxPool", "x", "y", vec![list("kernel_shape", &[1000, 1000])])),
    ];
    for (name, model) in cases {
        let bytes = model.output("y").bytes();
        assert!(bytes.len() < 1 << 20, "{name}");
        let error = compile(&bytes).expect_err(name);
        let typed = matches!(error, CompileError::Dimensions { .. } | CompileError::Operator { .. });
        assert!(typed, "{name}: {error}");
    }
    assert!(peak().is_none_or(|mib| mib < 1024), "{peak:?} MiB", peak = peak());
}

fn of_folder(folder: &Path) {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    for file in files {
        let (start, bytes) = (Instant::now(), std::fs::read(&file).unwrap());
        let result = OnnxModel::from_bytes(&bytes).map(drop).and_then(|()| compile(&bytes));
        let text = result.map_or_else(|e| e.to_string(), |()| "it compiles".into());
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        println!(
            "{name:24} {:6.1} s {:6} MiB  {}",
            start.elapsed().as_secs_f64(),
            peak().unwrap_or(0),
            text.chars().take(150).collect::<String>()
        );
    }
}
