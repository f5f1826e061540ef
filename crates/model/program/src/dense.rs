//! The sums of a matrix at many positions, four positions and four columns at a time.
//!
//! Operands and weights of 32 bits are moved to x' = x + H and w' = w + H with H = 2^31, so that both are unsigned and their
//! products are those of 32-bit lanes, which every processor multiplies several at once. Modulo 2^64,
//!
//! ```text
//! Σ x·w = Σ x'·w' − H·(Σ x' + Σ w') + K·H²
//! ```
//!
//! Sums of a valid program are below 2^60, so their residues are the sums themselves.

/// Positions and columns that are computed together.
const TILE: usize = 4;

/// Fewer positions, or columns, are not worth the copies.
const LEAST: usize = 3;

/// H.
const OFFSET: u32 = 31;

type Quad = [u32; TILE];

/// x + H, if x has 32 bits.
fn moved(x: i64) -> Option<u32> {
    u32::try_from(x.checked_add(1 << OFFSET)?).ok()
}

/// `z[p, n] = Σ_k x[p, k] · w[k, n]` modulo 2^64 for matrices x \[positions, rows\] and w \[rows, cols\], or `None` where numbers
/// have more than 32 bits, or the matrices are so small that the definition is as fast.
pub(crate) fn sums(x: &[i64], w: &[i64], rows: usize, cols: usize) -> Option<Vec<i64>> {
    let positions = x.len().checked_div(rows)?;
    if positions < LEAST || cols < LEAST {
        return None;
    }
    let panels = panels(w, rows, cols)?;
    let total = |panel: &[Quad]| {
        let mut sum = [0u64; TILE];
        for quad in panel {
            sum.iter_mut().zip(quad).for_each(|(s, &v)| *s = s.wrapping_add(u64::from(v)));
        }
        sum
    };
    let column_totals: Vec<[u64; TILE]> = panels.chunks_exact(rows).map(total).collect();
    let squares = u64::try_from(rows).ok()?.wrapping_shl(2 * OFFSET);
    let mut z = vec![0i64; positions.checked_mul(cols)?];
    let mut block: Vec<Quad> = vec![[0; TILE]; rows];
    for (x, z) in x.chunks(rows.checked_mul(TILE)?).zip(z.chunks_mut(cols.checked_mul(TILE)?)) {
        for (lane, x) in x.chunks_exact(rows).enumerate() {
            for (quad, &v) in block.iter_mut().zip(x) {
                quad[lane] = moved(v)?;
            }
        }
        let position_totals = total(&block);
        for (panel, (totals, first)) in panels.chunks_exact(rows).zip(column_totals.iter().zip((0..cols).step_by(TILE)))
        {
            let tile = tile(&block, panel);
            for ((z, tile), own) in z.chunks_exact_mut(cols).zip(&tile).zip(&position_totals) {
                let z = z.iter_mut().skip(first);
                for ((z, &product), column) in z.zip(tile).zip(totals) {
                    let moved = own.wrapping_add(*column).wrapping_shl(OFFSET);
                    *z = product.wrapping_sub(moved).wrapping_add(squares).cast_signed();
                }
            }
        }
    }
    Some(z)
}

/// The weights, moved: for each four columns (zeros where there are fewer), all rows.
fn panels(w: &[i64], rows: usize, cols: usize) -> Option<Vec<Quad>> {
    let mut panels = Vec::with_capacity(cols.div_ceil(TILE).checked_mul(rows)?);
    for first in (0..cols).step_by(TILE) {
        for row in w.chunks_exact(cols) {
            let mut quad = [0; TILE];
            for (own, &w) in quad.iter_mut().zip(row.iter().skip(first)) {
                *own = moved(w)?;
            }
            panels.push(quad);
        }
    }
    Some(panels)
}

/// Products of four positions and four columns.
fn tile(x: &[Quad], w: &[Quad]) -> [[u64; TILE]; TILE] {
    let mut sum = [[0u64; TILE]; TILE];
    for (x, w) in x.iter().zip(w) {
        for (sum, &x) in sum.iter_mut().zip(x) {
            for (sum, &w) in sum.iter_mut().zip(w) {
                *sum = sum.wrapping_add(u64::from(x).wrapping_mul(u64::from(w)));
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition.
    fn plain(x: &[i64], w: &[i64], rows: usize, cols: usize) -> Vec<i64> {
        let at = |p: usize, n: usize| {
            (0..rows).fold(0i64, |z, k| z.wrapping_add(x[p * rows + k].wrapping_mul(w[k * cols + n])))
        };
        (0..x.len() / rows).flat_map(|p| (0..cols).map(move |n| at(p, n))).collect()
    }

    fn word() -> impl Strategy<Value = i64> {
        let end = i64::from(i32::MIN)..=i64::from(i32::MAX);
        prop_oneof![end, -3i64..4, Just(i64::from(i32::MIN)), Just(i64::from(i32::MAX))]
    }

    proptest! {
        #[test]
        fn tiles_are_the_definition(
            (rows, cols, x, w) in (1usize..20, LEAST..12, LEAST..14).prop_flat_map(|(rows, cols, positions)| (
                Just(rows),
                Just(cols),
                prop::collection::vec(word(), positions * rows),
                prop::collection::vec(word(), rows * cols),
            ))
        ) {
            prop_assert_eq!(sums(&x, &w, rows, cols), Some(plain(&x, &w, rows, cols)));
        }
    }

    #[test]
    fn wider_numbers_are_left_to_the_definition() {
        let (x, w) = (vec![1i64; 6], vec![1i64; 8]);
        assert_eq!(sums(&x, &w, 2, 4), Some(vec![2; 12]));
        for wide in [1 << 31, -(1 << 31) - 1, i64::MAX, i64::MIN] {
            assert_eq!(sums(&[1, 1, 1, 1, 1, wide], &w, 2, 4), None, "{wide}");
            assert_eq!(sums(&x, &[1, 1, 1, wide, 1, 1, 1, 1], 2, 4), None, "{wide}");
        }
        assert_eq!(sums(&x[..4], &w, 2, 4), None, "two positions");
    }
}
