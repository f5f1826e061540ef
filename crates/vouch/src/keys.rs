//! Keys: how they are made, their files, and proofs with them.

use std::path::{Path, PathBuf};

use vouch_circuit::Objective;
use vouch_compiler::{dequantize_outputs, quantize_inputs};
use vouch_envelope::{ModelId, Nonce};
use vouch_program::Program;
use vouch_proving::{CircuitPlan, Header, Proved, ProverKey, ProvingError, Salt};
use vouch_verifier::{KEY_MAGIC, VerifierKey};

use crate::{Error, Inputs, MODEL_FILE, Model, Proof, Result, Srs, Tensors, error::Cause, files, inputs};

/// Name of the proving key in a model's folder.
pub const PROVER_KEY_FILE: &str = "prover.key";
/// Name of the verifying key in a model's folder.
pub const VERIFIER_KEY_FILE: &str = "verifier.key";

/// Largest verifying key that is read.
const MAX_VERIFYING_KEY: u64 = 64 << 20;

/// Names of the key files for a batch of `n` inputs: those of a single input have no number.
pub fn key_files(batch: u32) -> (String, String) {
    if batch <= 1 {
        (PROVER_KEY_FILE.to_owned(), VERIFIER_KEY_FILE.to_owned())
    } else {
        (format!("prover-b{batch}.key"), format!("verifier-b{batch}.key"))
    }
}

/// Reads a verifying key.
///
/// # Errors
/// Kind `System` if the file cannot be read, `Damaged` if it is not a verifying key.
pub fn open_verifying_key(path: impl AsRef<Path>) -> Result<VerifierKey> {
    let path = path.as_ref();
    let bytes = files::read(path, MAX_VERIFYING_KEY)?;
    if let Some(kind) = files::kind_of(&bytes)
        && !bytes.starts_with(&KEY_MAGIC)
    {
        let reason = format!("this is {kind}, not a verifying key (verifier.key)");
        return Err(Cause::OtherFile { path: path.to_owned(), reason }.into());
    }
    Ok(VerifierKey::from_bytes(&bytes)?)
}

/// How keys are made.
#[derive(Clone, Debug)]
#[must_use]
pub struct Setup<'a> {
    srs: Option<&'a Srs>,
    pub(crate) batch: u32,
    pub(crate) objective: Objective,
    rows: Option<u32>,
    evm: Option<u32>,
}

/// How many polynomials share a commitment in keys of the evm profile, unless it is said: the default LSTM's fit in two groups.
pub const EVM_GROUP: u32 = 32;

impl<'a> Setup<'a> {
    /// With a reference string, which must have as many powers as the circuit has rows.
    pub fn new(srs: &'a Srs) -> Self {
        Self { srs: Some(srs), ..Setup::development() }
    }

    /// With a reference string that is made for these keys and dropped. For development only: verifiers refuse proofs
    /// for such keys unless they are told otherwise.
    pub fn development() -> Self {
        Self { srs: None, batch: 1, objective: Objective::default(), rows: None, evm: None }
    }

    /// How many inputs one proof is about (1 to 4096; default 1). A batch shares the lookup table, so that each of its
    /// inputs costs less than a proof of its own.
    pub fn batch(mut self, inputs: u32) -> Self {
        self.batch = inputs;
        self
    }

    /// What the layout is optimised for (default: proving time). [`Objective::Gas`] makes keys of the evm profile, with groups as
    /// large as it takes unless [`evm`](Self::evm) says otherwise.
    pub fn objective(mut self, objective: Objective) -> Self {
        self.objective = objective;
        self
    }

    /// Uses 2^k rows instead of the best number.
    pub fn rows(mut self, k: u32) -> Self {
        self.rows = Some(k);
        self
    }

    /// Makes keys of the evm profile, whose proofs a contract on Ethereum checks (`docs/evm.md`). One commitment stands for at most
    /// `group` polynomials ([`EVM_GROUP`] suits most models); the reference string must have as many powers for each row.
    pub fn evm(mut self, group: u32) -> Self {
        self.evm = Some(group);
        self
    }

    /// Chooses the layout for a program, which takes milliseconds: it says how large keys and proofs will be, how much
    /// memory proving takes, and how long.
    ///
    /// # Errors
    /// Kind `Model` if there is no layout for such a batch.
    pub fn plan(&self, program: &Program) -> Result<CircuitPlan> {
        let plan = vouch_proving::plan(program, self.batch, self.objective, self.rows)?;
        Ok(match (self.evm, self.objective) {
            (Some(group), _) => plan.for_evm(group)?,
            (None, Objective::Gas) => plan.for_least_gas()?,
            (None, _) => plan,
        })
    }

    /// Makes the keys of a program.
    ///
    /// # Errors
    /// As [`plan`](Self::plan) and [`ProvingKey::generate`].
    pub fn keys(&self, program: &Program) -> Result<ProvingKey> {
        let plan = self.plan(program)?;
        match self.srs {
            Some(srs) => ProvingKey::generate(&plan, srs),
            None => {
                vouch_proving::stage("making a reference string")?;
                ProvingKey::generate(&plan, &Srs::development(plan.powers()))
            }
        }
    }
}

/// The files of a pair of keys, and their sizes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFiles {
    /// The proving key's file.
    pub prover: PathBuf,
    /// Its bytes.
    pub prover_bytes: u64,
    /// The verifying key's file.
    pub verifier: PathBuf,
    /// Its bytes.
    pub verifier_bytes: u64,
}

/// A proving key, with its verifying key. It has the model's program, so that it needs no other file to prove.
#[derive(Debug)]
pub struct ProvingKey(ProverKey);

impl Model {
    /// Makes the keys for proofs of this model.
    ///
    /// # Errors
    /// Kind `Model` if there is no circuit for such a batch or the weights are missing, `Damaged` if the reference string
    /// has too few powers.
    pub fn setup(&self, setup: Setup<'_>) -> Result<ProvingKey> {
        setup.keys(&self.program)
    }
}

impl ProvingKey {
    /// Makes the keys of a planned circuit.
    ///
    /// # Errors
    /// Kind `Damaged` if the reference string has too few powers, `Model` if the program has no weights, as a published
    /// one with private weights.
    pub fn generate(plan: &CircuitPlan, srs: &Srs) -> Result<Self> {
        let seconds = plan.estimate.prove_seconds;
        let _span =
            tracing::info_span!("setup", k = plan.k(), batch = plan.batch, expected_seconds = seconds).entered();
        Ok(Self(ProverKey::generate(plan, srs.as_proving())?))
    }

    /// Reads a proving key: a file, or [`PROVER_KEY_FILE`] in a folder. The file is mapped into memory and checked.
    ///
    /// # Errors
    /// Kind `System` if the file cannot be read; `Damaged` if it is not a proving key, its digest does not match, or it
    /// belongs to another model.
    pub fn open(path: impl AsRef<Path>, model: &Model) -> Result<Self> {
        let path = in_folder(path.as_ref());
        Ok(Self(ProverKey::from_bytes(&files::map(&path)?, &model.program).map_err(|e| Error::in_file(&path, e))?))
    }

    /// Reads what a key file is for, without the key.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn read_header(path: impl AsRef<Path>) -> Result<Header> {
        let path = in_folder(path.as_ref());
        ProverKey::header_of(&files::map(&path)?).map_err(|e| Error::in_file(&path, e))
    }

    /// Writes both keys into a folder, which is made if it does not exist. Their names are those of [`key_files`].
    ///
    /// # Errors
    /// Kind `System`.
    pub fn save(&self, dir: impl AsRef<Path>) -> Result<KeyFiles> {
        let dir = dir.as_ref();
        files::create_dir(dir)?;
        let (prover_name, verifier_name) = key_files(self.batch());
        let (prover, verifier) = (dir.join(prover_name), dir.join(verifier_name));
        let (bytes, verifier_bytes) = (self.0.to_bytes()?, self.0.verifier.to_bytes());
        // Of two setups at once the keys of one stay, both files.
        let model = std::fs::File::open(dir.join(MODEL_FILE));
        let _lock = model.and_then(|file| file.lock().map(|()| file)).ok();
        files::write(&prover, &[&bytes])?;
        files::write(&verifier, &[verifier_bytes])?;
        let (prover_bytes, verifier_bytes) = (bytes.len() as u64, verifier_bytes.len() as u64);
        Ok(KeyFiles { prover, prover_bytes, verifier, verifier_bytes })
    }

    /// The verifying key: what verifiers need, and all that they need.
    pub fn verifying_key(&self) -> &VerifierKey {
        &self.0.verifier
    }

    /// The identity of model, layout and reference string, which each proof states.
    pub fn model_id(&self) -> ModelId {
        self.0.verifier.model_id()
    }

    /// How many inputs one proof is about.
    pub fn batch(&self) -> u32 {
        self.0.header.batch
    }

    /// log2 of the number of rows of the circuit.
    pub fn k(&self) -> u32 {
        self.0.header.params.k
    }

    /// What the key is for: program, batch and layout.
    pub fn header(&self) -> &Header {
        &self.0.header
    }

    /// The program that is proved: the model's, or a batch of it.
    pub fn program(&self) -> &Program {
        &self.0.program
    }

    /// The integers of inputs: each value times its tensor's scale, rounded, tensor after tensor in the program's order.
    ///
    /// # Errors
    /// Kind `Input` for missing or unknown inputs, a wrong number of values, or values that are not finite; `OutOfRange`
    /// names the value and the range that the model was compiled for.
    pub fn quantize(&self, inputs: &Inputs) -> Result<Vec<i64>> {
        Ok(quantize_inputs(self.program(), inputs)?)
    }

    /// Runs the model on inputs in their own units and proves the run. Each tensor has the values of its shape, row by
    /// row; for a batch, those of all inputs, one input after the other ([`prove_batch`](Self::prove_batch) joins them).
    ///
    /// The nonce is chosen by who asks for the proof, so that an old proof is not taken for a new answer. Hashes of
    /// hashed tensors have a random salt. The proof is verified before it is given out.
    ///
    /// # Errors
    /// As [`quantize`](Self::quantize), and kind `OutOfRange` if a value inside the model leaves its range.
    pub fn prove(&self, inputs: &Inputs, nonce: Nonce) -> Result<Proof> {
        self.prove_salted(inputs, nonce, Salt::random())
    }

    /// As [`prove`](Self::prove), with the secret from which the salts of hashed tensors come.
    ///
    /// # Errors
    /// As [`prove`](Self::prove).
    pub fn prove_salted(&self, inputs: &Inputs, nonce: Nonce, salt: Salt) -> Result<Proof> {
        self.prove_integers(&self.quantize(inputs)?, nonce, salt)
    }

    /// Proves the runs on as many inputs as the key is for, in one proof.
    ///
    /// # Errors
    /// Kind `Input` for another number of inputs than [`batch`](Self::batch); else as [`prove`](Self::prove).
    pub fn prove_batch(&self, samples: &[Inputs], nonce: Nonce) -> Result<Proof> {
        let (expected, got) = (self.batch() as usize, samples.len());
        if expected != got {
            return Err(Cause::BatchSize { expected, got }.into());
        }
        match samples {
            [one] => self.prove(one, nonce),
            _ => self.prove(&inputs::together(samples), nonce),
        }
    }

    /// As [`prove_salted`](Self::prove_salted), on the integers of [`quantize`](Self::quantize).
    ///
    /// # Errors
    /// Kind `Input` for another number of integers, `OutOfRange` for one outside the range.
    pub fn prove_integers(&self, integers: &[i64], nonce: Nonce, salt: Salt) -> Result<Proof> {
        let _span = tracing::info_span!("prove", k = self.k(), expected_seconds = self.expected_seconds()).entered();
        let Proved { envelope, outputs, salt, witness, prove, verify } = self.0.prove_salted(integers, nonce, salt)?;
        Ok(Proof { envelope, outputs, salt, witness, prove, verify })
    }

    /// Outputs as real numbers in their units, by name.
    pub fn dequantize(&self, outputs: &[i64]) -> Tensors {
        dequantize_outputs(self.program(), outputs)
    }

    /// About how many CPU seconds a proof takes, from the numbers of rows and columns: for progress bars.
    pub fn expected_seconds(&self) -> f64 {
        let n = f64::from(1u32 << self.k().min(30));
        n * self.0.verifier.proof_len() as f64 / 32.0 * 5e-7
    }

    /// The key of the proof system, for this project's own tools: the type changes with it.
    #[doc(hidden)]
    pub fn as_proving(&self) -> &ProverKey {
        &self.0
    }
}

#[doc(hidden)]
impl From<ProverKey> for ProvingKey {
    fn from(key: ProverKey) -> Self {
        Self(key)
    }
}

/// The file in a folder.
fn in_folder(path: &Path) -> PathBuf {
    if path.is_dir() { path.join(PROVER_KEY_FILE) } else { path.to_owned() }
}

/// Checks a published verifying key against the published model and the reference string: that its circuit states a run
/// of the model (of a batch of it), and nothing less. Whoever publishes a model could otherwise publish a key that
/// accepts anything. It takes as long as making the keys, and no weights where they are private.
///
/// # Errors
/// Kind `Damaged`, with a text that names the part that differs.
pub fn check_key(model: &Model, batch: u32, srs: &Srs, key: &VerifierKey) -> Result<()> {
    let batched = if batch > 1 { Some(model.program.batched(batch).map_err(ProvingError::from)?) } else { None };
    Ok(vouch_proving::check_key(batched.as_ref().unwrap_or(&model.program), srs.as_proving(), key)?)
}
