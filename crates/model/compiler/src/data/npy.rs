//! numpy's array format, versions 1 to 3: a magic number, a Python dictionary as text, the elements.

use super::{NamedTensor, elements};
use crate::{DataError, element::half};

/// Reads an array of numbers of any width and byte order.
pub(super) fn parse(what: &str, bytes: &[u8]) -> Result<NamedTensor, DataError> {
    let malformed = |reason: &str| DataError::Malformed { what: what.to_owned(), reason: reason.to_owned() };
    let truncated = |expected: usize| DataError::Truncated { what: what.to_owned(), got: bytes.len(), expected };
    if bytes.get(..6) != Some(b"\x93NUMPY") {
        return Err(malformed("it is not a numpy array (wrong magic number)"));
    }
    let major = *bytes.get(6).ok_or_else(|| truncated(10))?;
    let (length, start) = if major == 1 {
        let b = bytes.get(8..10).ok_or_else(|| truncated(10))?;
        (usize::from(u16::from_le_bytes([b[0], b[1]])), 10)
    } else {
        let b = bytes.get(8..12).ok_or_else(|| truncated(12))?;
        (u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize, 12)
    };
    let end = length.saturating_add(start);
    let header = bytes.get(start..end).ok_or_else(|| truncated(end))?;
    let header = std::str::from_utf8(header).map_err(|_| malformed("its header is not text"))?;
    let descr = entry(header, "descr").and_then(quoted).ok_or_else(|| malformed("its header has no element type"))?;
    let fortran = entry(header, "fortran_order").is_some_and(|v| v.starts_with("True"));
    let shape = entry(header, "shape").and_then(tuple).ok_or_else(|| malformed("its header has no shape"))?;
    let (kind, width) =
        element(descr).ok_or_else(|| DataError::DataType { what: what.to_owned(), dtype: descr.to_owned() })?;
    let total = elements(&shape).and_then(|n| n.checked_mul(width)).ok_or_else(|| malformed("its shape overflows"))?;
    let body = &bytes[end..];
    if body.len() < total {
        return Err(DataError::Truncated { what: what.to_owned(), got: body.len(), expected: total });
    }
    if body.len() > total {
        return Err(malformed("it has bytes after its elements"));
    }
    let big = descr.starts_with('>');
    let data: Vec<f64> = body.chunks_exact(width).map(|c| number(kind, c, big)).collect();
    let data = if fortran { row_major(&shape, &data) } else { data };
    Ok(NamedTensor { shape, data })
}

/// The text after `'key':`.
fn entry<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    let at = header.find(&format!("'{key}'")).map(|i| i + key.len() + 2)?;
    header.get(at..)?.trim_start().strip_prefix(':').map(str::trim_start)
}

fn quoted(text: &str) -> Option<&str> {
    let rest = text.strip_prefix('\'')?;
    rest.split('\'').next()
}

fn tuple(text: &str) -> Option<Vec<usize>> {
    let inner = text.strip_prefix('(')?.split(')').next()?;
    inner.split(',').map(str::trim).filter(|s| !s.is_empty()).map(|s| s.parse().ok()).collect()
}

/// Kind and width of a type such as `<f4`.
fn element(descr: &str) -> Option<(u8, usize)> {
    match descr.trim_start_matches(['<', '>', '=', '|']) {
        "f2" => Some((b'f', 2)),
        "f4" => Some((b'f', 4)),
        "f8" => Some((b'f', 8)),
        "i1" => Some((b'i', 1)),
        "i2" => Some((b'i', 2)),
        "i4" => Some((b'i', 4)),
        "i8" => Some((b'i', 8)),
        "u1" | "b1" => Some((b'u', 1)),
        "u2" => Some((b'u', 2)),
        "u4" => Some((b'u', 4)),
        "u8" => Some((b'u', 8)),
        _ => None,
    }
}

fn number(kind: u8, bytes: &[u8], big: bool) -> f64 {
    let mut le = [0u8; 8];
    for (i, &b) in bytes.iter().enumerate() {
        le[if big { bytes.len() - 1 - i } else { i }] = b;
    }
    let raw = u64::from_le_bytes(le);
    let unused = 64 - 8 * bytes.len() as u32;
    match (kind, bytes.len()) {
        (b'f', 2) => half(raw as u16),
        (b'f', 4) => f64::from(f32::from_bits(raw as u32)),
        (b'f', _) => f64::from_bits(raw),
        (b'i', _) => ((raw << unused) as i64 >> unused) as f64,
        _ => raw as f64,
    }
}

fn row_major(shape: &[usize], data: &[f64]) -> Vec<f64> {
    let mut index = vec![0usize; shape.len()];
    let mut out = Vec::with_capacity(data.len());
    for _ in 0..data.len() {
        let at = index.iter().zip(shape).rev().fold(0, |at, (&i, &d)| at * d + i);
        out.push(data[at]);
        for (i, &d) in index.iter_mut().zip(shape).rev() {
            *i += 1;
            if *i < d {
                break;
            }
            *i = 0;
        }
    }
    out
}
