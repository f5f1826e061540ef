//! The real program, on a real model: the commands of the README, and what they say to bad input.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

use serde_json::Value;

use crate::program::{MODEL, bad, good, text, vouch, vouch_of};

const INPUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/staking-lstm/example.json");
/// The test's keys are of development setups.
const ALLOW: &str = "--allow-development";
const NONCE: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// The program as on a processor without AVX-512.
fn narrow(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vouch"))
        .args(args)
        .env("VOUCH_AVX512", "off")
        .env("VOUCH_STATE", "/dev/null/nowhere")
        .output()
        .unwrap()
}

/// A compiled model with keys and a proof, made once.
fn bundle() -> &'static Path {
    static DIR: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = DIR.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bundle");
        let compiled = good(&["compile", MODEL, "-o", text(&path), "--limb-bits", "11"]);
        assert!(compiled["report"]["accuracy"]["max_relative"].as_f64().unwrap() < 1e-3);
        let keys = good(&["setup", text(&path)]);
        assert_eq!(keys["srs_kind"], "development");
        let proof = path.join("proof");
        let proved = good(&["prove", text(&path), "--input", INPUT, "--nonce", NONCE, "-o", text(&proof)]);
        assert_eq!(proved["nonce"], NONCE);
        assert_eq!(proved["proof_bytes"], keys["proof_bytes"]);
        assert!(proved["outputs"]["redemption_hours"][0][0].as_f64().unwrap() > 0.0);
        (dir, path)
    });
    path
}

fn file(name: &str) -> String {
    text(&bundle().join(name)).to_owned()
}

#[test]
fn proofs_are_verified_and_inspected() {
    let (proof, key, dir) = (file("proof"), file("verifier.key"), text(bundle()));
    let said = good(&["verify", ALLOW, &proof, "--key", &key, "--input", INPUT, "--nonce", NONCE]);
    assert_eq!(said["accepted"], true);
    let id = said["model_id"].as_str().unwrap().to_owned();
    good(&["verify", ALLOW, &proof, &proof, "--key", &key, "--model-id", &id]);
    // The JSON form is the same proof.
    let exported = file("proof.json");
    good(&["export", &proof, "-o", &exported]);
    good(&["verify", ALLOW, &exported, "--key", &key, "--nonce", NONCE]);
    let back = file("proof.back");
    good(&["export", &exported, "-o", &back]);
    assert_eq!(fs::read(&back).unwrap(), fs::read(&proof).unwrap());

    let svg = file("svg");
    let seen = good(&["inspect", dir, "--svg", &svg]);
    assert_eq!(seen["pictures"].as_array().unwrap().len(), 2);
    for picture in ["layout.svg", "accuracy.svg"] {
        assert!(fs::read_to_string(Path::new(&svg).join(picture)).unwrap().ends_with("</svg>\n"));
    }
    assert_eq!(good(&["inspect", &key])["model_id"], id.as_str());
    assert_eq!(good(&["inspect", &file("prover.key")])["kind"], "prover key");
    assert_eq!(good(&["inspect", &proof])["verified"], false);
    let plan = good(&["plan", dir]);
    assert_eq!(plan["chosen"]["proof_bytes"], fs::metadata(&proof).unwrap().len() - overhead(&proof));
    assert!(good(&["bench", dir, "--input", INPUT, "--runs", "1"])["prove_seconds"].as_f64().unwrap() > 0.0);
    assert!(vouch(&["completions", "bash"]).stdout.starts_with(b"_vouch()"));
}

/// One element at a time gives the same keys as eight, and proofs that pass.
#[test]
fn processors_without_avx512_prove_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let [eight, one] = ["eight", "one"].map(|name| {
        let copy = dir.path().join(name);
        fs::create_dir(&copy).unwrap();
        fs::copy(file("model.vouch"), copy.join("model.vouch")).unwrap();
        copy
    });
    let srs = dir.path().join("srs");
    let k = good(&["plan", text(&eight)])["chosen"]["params"]["k"].to_string();
    good(&["srs", "generate", "-k", &k, "-o", text(&srs)]);
    let narrowly = |args: &[&str]| {
        let out = narrow(&[&["--json", "--quiet"], args].concat());
        assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stdout));
    };
    good(&["setup", text(&eight), "--srs", text(&srs)]);
    narrowly(&["setup", text(&one), "--srs", text(&srs)]);
    for key in ["verifier.key", "prover.key"] {
        assert!(fs::read(eight.join(key)).unwrap() == fs::read(one.join(key)).unwrap(), "{key}");
    }
    let (proof, key) = (dir.path().join("proof"), eight.join("verifier.key"));
    narrowly(&["prove", text(&one), "--input", INPUT, "--nonce", NONCE, "-o", text(&proof)]);
    good(&["verify", ALLOW, text(&proof), "--key", text(&key), "--input", INPUT, "--nonce", NONCE]);
}

/// Bytes of an envelope that are not the proof.
fn overhead(proof: &str) -> u64 {
    let inner = good(&["inspect", proof])["envelope"]["proof"].as_str().unwrap().len() as u64 / 2;
    fs::metadata(proof).unwrap().len() - inner
}

#[test]
fn what_was_not_asked_for_is_refused() {
    let (proof, key) = (file("proof"), file("verifier.key"));
    let other = NONCE.replace("00", "01");
    bad(&["verify", ALLOW, &proof, "--key", &key, "--nonce", &other], 5, &["nonce"]);
    bad(&["verify", ALLOW, &proof, "--key", &key, "--model-id", NONCE], 5, &["model identity"]);
    let mut inputs: Value = serde_json::from_slice(&fs::read(INPUT).unwrap()).unwrap();
    inputs["exit_queue_eth"][0][2][0] = 200_000.0.into();
    let changed = file("changed.json");
    fs::write(&changed, inputs.to_string()).unwrap();
    bad(&["verify", ALLOW, &proof, "--key", &key, "--input", &changed], 5, &["public inputs"]);
    let bytes = fs::read(&proof).unwrap();
    for at in [0, 9, 20, 60, 90, 200, bytes.len() / 2, bytes.len() - 1] {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        let path = file(&format!("damaged-{at}"));
        fs::write(&path, damaged).unwrap();
        bad(&["verify", ALLOW, &path, "--key", &key, "--nonce", NONCE], 5, &["refused"]);
    }
    for len in [0, 8, 74, bytes.len() - 1] {
        let path = file(&format!("short-{len}"));
        fs::write(&path, &bytes[..len]).unwrap();
        bad(&["verify", ALLOW, &path, "--key", &key], 5, &["format"]);
    }
    let path = file("long");
    fs::write(&path, [bytes.as_slice(), &[0]].concat()).unwrap();
    bad(&["verify", ALLOW, &path, "--key", &key], 5, &["format"]);
}

/// Keys of a development setup are refused unless the caller says otherwise, and the refusal says how.
#[test]
fn development_setups_are_refused_by_default() {
    let (proof, key, dir) = (file("proof"), file("verifier.key"), text(bundle()));
    let words = ["development setup", "--allow-development", "\"development-setup\""];
    bad(&["verify", &proof, "--key", &key], 5, &words);
    bad(&["verify", &proof, &proof, "--key", &key, "--nonce", NONCE, "--input", INPUT], 5, &words);
    bad(&["verify", &proof, "--key", &key, "--production"], 2, &["--production"]);
    let warned = vouch(&["verify", ALLOW, &proof, "--key", &key]);
    assert!(warned.status.success());
    assert!(String::from_utf8_lossy(&warned.stderr).contains("WARNING"));

    let at = tempfile::tempdir().unwrap();
    let (other, srs) = (at.path().join("bundle"), at.path().join("srs"));
    fs::create_dir(&other).unwrap();
    fs::copy(file("model.vouch"), other.join("model.vouch")).unwrap();
    let k = good(&["plan", dir])["chosen"]["params"]["k"].to_string();
    good(&["srs", "generate", "-k", &k, "-o", text(&srs)]);
    good(&["setup", text(&other), "--srs", text(&srs)]);
    let check = ["check-key", text(&other), "--srs", text(&srs)];
    bad(&check, 5, &["development setup", "--allow-development"]);
    assert_eq!(good(&[&check[..], &[ALLOW]].concat())["srs_kind"], "development");
}

/// A development setup is accepted where it was made, and only there: its maker is the one who could forge.
#[test]
fn own_development_setups_are_accepted_on_the_machine_that_made_them() {
    let at = tempfile::tempdir().unwrap();
    let (here, elsewhere) = (at.path().join("here"), at.path().join("elsewhere"));
    let (own, srs) = (at.path().join("bundle"), at.path().join("srs"));
    fs::create_dir(&own).unwrap();
    fs::copy(file("model.vouch"), own.join("model.vouch")).unwrap();
    let run = |state: &Path, args: &[&str]| {
        let output = vouch_of(state, args);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (proof, key) = (own.join("proof"), own.join("verifier.key"));
    let prove = ["prove", text(&own), "--input", INPUT, "-o", text(&proof)];
    let verify = ["verify", text(&proof), "--key", text(&key)];

    assert_eq!(run(&here, &["setup", text(&own)]).0, Some(0));
    assert_eq!(run(&here, &prove).0, Some(0));
    let (code, said) = run(&here, &verify);
    assert!(code == Some(0) && said.contains("convinces only you"), "{said}");
    // Another user, or another machine, does not trust it.
    assert_eq!(run(&elsewhere, &verify).0, Some(5));
    // A reference string from a file may be another party's, so keys of it are not one's own.
    let k = good(&["plan", text(&own)])["chosen"]["params"]["k"].to_string();
    assert_eq!(run(&here, &["srs", "generate", "-k", &k, "-o", text(&srs)]).0, Some(0));
    assert_eq!(run(&here, &["setup", text(&own), "--srs", text(&srs)]).0, Some(0));
    assert_eq!(run(&here, &prove).0, Some(0));
    assert_eq!(run(&here, &verify).0, Some(5));
}

/// What the text says of each check of each proof, by name.
fn verdicts(text: &str) -> Vec<Vec<(String, String)>> {
    let mut proofs: Vec<Vec<(String, String)>> = Vec::new();
    for line in text.lines() {
        if line.ends_with(": VERIFIED") || line.ends_with(": REFUSED") {
            proofs.push(Vec::new());
        }
        let verdict =
            ["ok", "not checked", "not reached", "refused"].iter().find(|v| line.starts_with(&format!("  {v}  ")));
        if let (Some(verdict), Some(proof)) = (verdict, proofs.last_mut()) {
            let name = line.get(15..31).unwrap().trim().to_owned();
            proof.push((name, (*verdict).to_owned()));
        }
    }
    proofs
}

const CHECKS: [&str; 8] =
    ["format", "model identity", "setup", "nonce", "public inputs", "public outputs", "proof identities", "pairing"];

/// One proof or several: the same checks, the same verdicts, and the way that it went.
#[test]
fn reports_say_what_was_checked() {
    let (proof, key) = (file("proof"), file("verifier.key"));
    let said = |rest: &[&str]| {
        let out = vouch(&[&["--quiet", "verify", ALLOW, "--key", &key], rest].concat());
        (out.status.code().unwrap(), String::from_utf8(out.stdout).unwrap())
    };
    let wanted = |unchecked: &[&str]| {
        let verdict = |name: &str| if unchecked.contains(&name) { "not checked" } else { "ok" };
        CHECKS.map(|name| (name.to_owned(), verdict(name).to_owned())).to_vec()
    };
    let nothing = wanted(&["model identity", "nonce", "public inputs", "public outputs"]);
    let (code, text) = said(&[&proof]);
    assert_eq!((code, verdicts(&text)), (0, vec![nothing.clone()]), "{text}");
    assert!(text.contains(" values in range; not compared with yours: you gave none"), "{text}");
    let id = good(&["inspect", &key])["model_id"].as_str().unwrap().to_owned();
    let asked = ["--nonce", NONCE, "--input", INPUT, "--model-id", &id];
    let outputs = wanted(&["public outputs"]);
    for proofs in [&[proof.as_str()][..], &[&proof, &proof]] {
        let (code, text) = said(&[proofs, &asked].concat());
        assert_eq!((code, verdicts(&text)), (0, vec![outputs.clone(); proofs.len()]), "{text}");
        assert_eq!(text.contains("2 proofs in one batch: one pairing equation for all"), proofs.len() == 2, "{text}");
    }

    // A proof that does not hold, and one that is refused before the proof is looked at.
    let changed = |at: usize, name: &str| {
        let mut bytes = fs::read(&proof).unwrap();
        bytes[at] ^= 1;
        let path = file(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let len = fs::metadata(&proof).unwrap().len() as usize;
    let (false_proof, other_nonce) = (changed(len - 120, "false"), changed(42, "nonce"));
    let of = |report: &[(String, String)], verdict: &str| {
        report.iter().filter(|(_, v)| v == verdict).map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    let (code, text) = said(&[&proof, &false_proof, &other_nonce, &proof, "--nonce", NONCE]);
    let reports = verdicts(&text);
    assert_eq!(code, 5);
    assert_eq!(reports.iter().map(Vec::len).collect::<Vec<_>>(), [8; 4], "{text}");
    assert!(of(&reports[0], "refused").is_empty() && of(&reports[3], "refused").is_empty(), "{text}");
    assert_eq!(of(&reports[1], "refused").len(), 1, "{text}");
    assert_eq!(of(&reports[2], "refused")[0], "nonce", "{text}");
    let said = vouch(&["--json", "--quiet", "verify", ALLOW, &proof, &false_proof, "--key", &key]);
    let json: Value = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!((said.status.code(), &json["accepted"], &json["way"]), (Some(5), &false.into(), &"one by one".into()));
    let together = good(&["verify", ALLOW, &proof, &proof, "--key", &key]);
    assert_eq!(together["way"], "batch");
    for proof in together["proofs"].as_array().unwrap() {
        let codes: Vec<_> =
            proof["checks"].as_array().unwrap().iter().map(|check| check["code"].as_str().unwrap()).collect();
        assert_eq!(codes, ["ok", "not-checked", "ok", "not-checked", "not-checked", "not-checked", "ok", "ok"]);
    }
}

#[test]
fn bad_inputs_are_explained_and_leave_no_proof() {
    let dir = text(bundle());
    let out = file("never");
    let prove = |input: &str, code, words: &[&str]| {
        bad(&["prove", dir, "--input", input, "-o", &out], code, words);
        assert!(!Path::new(&out).exists(), "a proof was written for {input}");
    };
    let whole: Value = serde_json::from_slice(&fs::read(INPUT).unwrap()).unwrap();
    let write = |name: &str, change: &dyn Fn(&mut Value)| {
        let mut v = whole.clone();
        change(&mut v);
        let path = file(name);
        fs::write(&path, v.to_string()).unwrap();
        path
    };
    let far = write("far.json", &|v| v["sweep_hours"][0][3][0] = 1e7.into());
    prove(&far, 4, &["sweep_hours", "10000000", "[60", "260"]);
    let short = write("short.json", &|v| _ = v["sweep_hours"][0].as_array_mut().unwrap().pop());
    prove(&short, 3, &["sweep_hours"]);
    let missing = write("missing.json", &|v| _ = v.as_object_mut().unwrap().remove("sweep_hours"));
    prove(&missing, 3, &["sweep_hours"]);
    let extra = write("extra.json", &|v| v["nonsense"] = 1.into());
    prove(&extra, 3, &["nonsense"]);
    let wrong_type = write("type.json", &|v| v["sweep_hours"][0][0][0] = "seven".into());
    prove(&wrong_type, 3, &[]);
    for (name, content) in
        [("nan.json", r#"{"sweep_hours": [NaN]}"#), ("half.json", "{\"sweep"), ("x.npy", "\u{93}NUMPY")]
    {
        let path = file(name);
        fs::write(&path, content).unwrap();
        prove(&path, 3, &[]);
    }
    prove("/nonexistent.json", 3, &["nonexistent"]);
    bad(&["prove", dir, "--input", INPUT, "--nonce", "xyz", "-o", &out], 2, &["hexadecimal"]);
    bad(&["prove", dir, "--input", INPUT, "--sample", "9", "-o", &out], 3, &["sample"]);
    bad(&["prove", "/nonexistent", "--input", INPUT, "-o", &out], 1, &["nonexistent"]);
}

#[test]
fn damaged_files_and_models_are_explained() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| text(&dir.path().join(name)).to_owned();
    for name in ["model.vouch", "verifier.key"] {
        let bytes = fs::read(file(name)).unwrap();
        for position in [0, 9, bytes.len() / 2, bytes.len() - 1] {
            let mut damaged = bytes.clone();
            damaged[position] ^= 32;
            fs::write(at(name), damaged).unwrap();
            match name {
                "model.vouch" => bad(&["setup", text(dir.path())], 6, &["bundle"]),
                _ => {
                    // A change that leaves a well-formed key is another model's key.
                    let out = vouch(&["verify", ALLOW, &file("proof"), "--key", &at(name)]);
                    assert!(matches!(out.status.code(), Some(5 | 6)), "byte {position} of {name}");
                }
            }
        }
    }
    let model = fs::read(MODEL).unwrap();
    for len in [0, 10, 1000, model.len() - 7] {
        fs::write(at("cut.onnx"), &model[..len]).unwrap();
        bad(&["compile", &at("cut.onnx"), "-o", &at("out")], 3, &[]);
    }
    bad(&["compile", &at("none.onnx"), "-o", &at("out")], 3, &["none.onnx"]);
    bad(&["compile", MODEL, "--input-range", "5,x", "-o", &at("out")], 3, &["5,x"]);
    bad(&["compile", MODEL, "--input-range", "nobody=0,1", "-o", &at("out")], 3, &["nobody"]);
    bad(&["compile", MODEL, "--input-scale", "sweep_hours=fast", "-o", &at("out")], 3, &["sweep_hours=fast"]);
    bad(&["compile", MODEL, "--input-scale", "nobody=8", "-o", &at("out")], 3, &["nobody"]);
    bad(
        &["compile", MODEL, "--input-scale", "sweep_hours=-8", "-o", &at("out")],
        3,
        &["sweep_hours", "-8", "positive"],
    );
    bad(&["compile", MODEL], 2, &["--output"]);
    for (card, why) in [
        (r#"{"sample": {"x": [1]}}"#, "the sample must have the inputs `exit_queue_eth` (5 values)"),
        (r#"{"colour": "red"}"#, "unknown field `colour`"),
        ("[", "card"),
    ] {
        fs::write(at("card.json"), card).unwrap();
        bad(&["compile", MODEL, "--limb-bits", "11", "--card", &at("card.json"), "-o", &at("out")], 6, &[why]);
    }
    let shipped = fs::read_to_string(Path::new(MODEL).with_extension("card.json")).unwrap();
    let mut far: Value = serde_json::from_str(&shipped).unwrap();
    far["sample"]["sweep_hours"][2] = 1e12.into();
    fs::write(at("card.json"), far.to_string()).unwrap();
    let why = ["`sweep_hours`[2]: 1000000000000", "from 60 to 260"];
    bad(&["compile", MODEL, "--limb-bits", "11", "--card", &at("card.json"), "-o", &at("out")], 6, &why);
    bad(&["compile", MODEL, "--limb-bits", "11", "--card", &at("none.json"), "-o", &at("out")], 1, &["none.json"]);
    good(&["srs", "generate", "-k", "6", "-o", &at("small.srs")]);
    good(&["srs", "verify", &at("small.srs")]);
    bad(&["setup", text(bundle()), "--srs", &at("small.srs")], 6, &["2^6", "2^12"]);
    let ptau = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ptau/beacon5.ptau");
    let imported = good(&["srs", "import", ptau, "-k", "4", "-o", &at("ceremony.srs")]);
    assert_eq!(
        (&imported["srs_kind"], &imported["k"], &imported["contributions"]),
        (&"ceremony".into(), &4.into(), &3.into())
    );
    assert_eq!(good(&["srs", "verify", &at("ceremony.srs")])["identity"], imported["identity"]);
    let test = good(&["srs", "import", ptau, "--development", "-o", &at("test.srs")]);
    assert_eq!((&test["srs_kind"], &test["k"]), (&"development".into(), &5.into()));
    bad(&["srs", "import", MODEL, "-o", &at("model.srs")], 6, &["neither a .ptau file"]);
    bad(&["srs", "import", ptau, "-k", "9", "-o", &at("long.srs")], 6, &["2^9", "2^5"]);
    fs::write(at("noise.srs"), [7; 300]).unwrap();
    bad(&["srs", "verify", &at("noise.srs")], 6, &["reference string"]);
}

/// From `compile --visibility` to a proof whose input only its owner recognizes.
#[test]
fn hashed_inputs_are_recognized_by_their_owner() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (bundle, key, proof, salt) = (at("b"), at("b/verifier.key"), at("p"), "5a".repeat(32));
    let name = "sweep_hours";
    let compile = |modes: &[&'static str]| {
        let base = ["compile", MODEL, "-o", &bundle, "--limb-bits", "11"];
        base.into_iter().chain(modes.iter().flat_map(|m| ["--visibility", *m])).map(str::to_owned).collect::<Vec<_>>()
    };
    let refused = |modes: &[&'static str], code: i32, words: &[&str]| {
        let args = compile(modes);
        bad(&args.iter().map(String::as_str).collect::<Vec<_>>(), code, words);
    };
    refused(&["sweep_hours=secret"], 3, &["sweep_hours=secret", "public, hashed or private", "`secret`"]);
    refused(&["sweep_hours"], 3, &["NAME=MODE"]);
    refused(&["nobody=hashed"], 3, &["nobody", "sweep_hours", "redemption_hours"]);
    refused(&["sweep_hours=hashed", "sweep_hours=public"], 3, &["twice"]);
    let args = compile(&["sweep_hours=hashed", "exit_queue_eth=private"]);
    good(&args.iter().map(String::as_str).collect::<Vec<_>>());
    good(&["setup", &bundle]);
    let proved = good(&["prove", &bundle, "--input", INPUT, "--nonce", NONCE, "--salt", &salt, "-o", &proof]);
    assert_eq!(proved["salt"], salt);
    let hashes = good(&["hash", "--key", &key, "--input", INPUT, "--salt", &salt]);
    let said = good(&["verify", ALLOW, &proof, "--key", &key, "--nonce", NONCE, "--input", INPUT, "--salt", &salt]);
    assert_eq!(said["proofs"][0]["inputs"][name]["hash"], hashes["hashes"][name]);
    assert_eq!(said["proofs"][0]["outputs"], proved["outputs"]);
    let wrong = "5b".repeat(32);
    bad(&["verify", ALLOW, &proof, "--key", &key, "--input", INPUT, "--salt", &wrong], 5, &["inputs", "hash 0"]);
    bad(&["verify", ALLOW, &proof, "--key", &key, "--input", INPUT], 3, &["--salt"]);
    bad(&["hash", "--key", &file("verifier.key"), "--input", INPUT, "--salt", &salt], 3, &["no hashed inputs"]);
    bad(&["hash", "--key", &key, "--input", INPUT, "--salt", "5a"], 2, &["64"]);
    let exported = at("p.json");
    good(&["export", &proof, "-o", &exported]);
    good(&["verify", ALLOW, &exported, "--key", &key, "--input", INPUT, "--salt", &salt]);
}
