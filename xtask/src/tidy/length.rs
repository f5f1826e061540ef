//! Files that have become long. A smell, not an error.

use super::Source;

/// Longer files are listed.
const LINES: usize = 400;

/// Languages whose files are counted.
const EXTENSIONS: [&str; 5] = ["rs", "py", "sol", "ts", "js"];

/// The long files, longest first.
pub(super) fn long(sources: &[Source]) -> Vec<String> {
    let is_code =
        |source: &&Source| source.path.extension().is_some_and(|e| EXTENSIONS.iter().any(|known| e == *known));
    let mut long: Vec<(usize, &Source)> = sources
        .iter()
        .filter(is_code)
        .map(|source| (source.text.lines().count(), source))
        .filter(|(lines, _)| *lines > LINES)
        .collect();
    long.sort_by(|(a, _), (b, _)| b.cmp(a));
    long.into_iter().map(|(lines, source)| format!("{} has {lines} lines", source.path.display())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_code_is_listed() {
        let source = |path: &str, lines: usize| Source { path: path.into(), text: "x\n".repeat(lines) };
        let sources = [source("a.rs", LINES), source("b.rs", LINES + 1), source("c.json", 9999), source("d.py", 500)];
        assert_eq!(long(&sources), ["d.py has 500 lines", "b.rs has 401 lines"]);
    }
}
