//! numpy's archives: a zip file of `.npy` members.

use std::io::{Cursor, Read};

use super::{NamedTensor, npy};
use crate::DataError;

/// No member may unpack to more than this.
const MAX_MEMBER: u64 = 1 << 31;

pub(super) fn parse(bytes: &[u8]) -> Result<Vec<(String, NamedTensor)>, DataError> {
    let malformed =
        |e: &dyn std::fmt::Display| DataError::Malformed { what: "the .npz archive".into(), reason: e.to_string() };
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|e| malformed(&e))?;
    let mut arrays = Vec::new();
    for i in 0..archive.len() {
        let member = archive.by_index(i).map_err(|e| malformed(&e))?;
        let name = member.name().trim_end_matches(".npy").to_owned();
        let mut content = Vec::new();
        member.take(MAX_MEMBER).read_to_end(&mut content).map_err(|e| malformed(&e))?;
        let array = npy::parse(&format!("array `{name}`"), &content)?;
        arrays.push((name, array));
    }
    arrays.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(arrays)
}
