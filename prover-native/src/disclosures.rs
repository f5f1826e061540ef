//! Where a bundle has the keys for facts about its hashed inputs: `disclosure/NAME/prover.key` and `verifier.key`.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
};

use vouch_verifier::{Schema, TensorSpec, Visibility};

/// The folder in a bundle's.
pub const DISCLOSURE_DIR: &str = "disclosure";

/// The folder with the keys for facts about an input. A name is a model author's: what is no letter, digit, `_` or `-` becomes `%` and two hexadecimal digits.
pub fn disclosure_dir(bundle: &Path, tensor: &str) -> PathBuf {
    let mut folder = String::with_capacity(tensor.len());
    for byte in tensor.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') {
            folder.push(char::from(byte));
        } else {
            let _ = write!(folder, "%{byte:02x}");
        }
    }
    bundle.join(DISCLOSURE_DIR).join(folder)
}

/// The inputs about which facts can be proved.
pub fn hashed_inputs(schema: &Schema) -> impl Iterator<Item = &TensorSpec> {
    schema.inputs.iter().filter(|spec| spec.visibility == Visibility::Hashed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_inside_the_bundle() {
        let of = |name| disclosure_dir(Path::new("b"), name);
        assert_eq!(of("sweep_hours-2"), Path::new("b/disclosure/sweep_hours-2"));
        assert_eq!(of("../../x"), Path::new("b/disclosure/%2e%2e%2f%2e%2e%2fx"));
        assert_eq!(of("/1:é"), Path::new("b/disclosure/%2f1%3a%c3%a9"));
        assert_ne!(of("%2e"), of("."));
    }
}
