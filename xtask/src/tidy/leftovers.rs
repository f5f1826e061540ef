//! Unfinished code, and words that must not be said.

use super::{Finding, Source};

/// Marks of unfinished code, in two parts so that this file does not hold them.
const MARKS: [(&str, &str); 4] = [("todo", "!"), ("unimplemented", "!"), ("FIX", "ME"), ("XX", "X")];

/// Words that no file may hold, besides those given with `--forbid`.
const WORDS: &[&str] = &[];

/// Marks in code, and forbidden words anywhere.
pub(super) fn check(sources: &[Source], forbidden: &[String]) -> Vec<Finding> {
    let words: Vec<String> =
        WORDS.iter().map(|word| word.to_lowercase()).chain(forbidden.iter().map(|word| word.to_lowercase())).collect();
    let mut findings = Vec::new();
    for source in sources {
        let is_code = source.path.extension().is_some_and(|extension| extension != "md");
        for (index, line) in source.text.lines().enumerate() {
            let mut found = |what: &str| findings.push(Finding::at(&source.path, index + 1, format!("holds `{what}`")));
            if is_code {
                let marks = MARKS.iter().map(|(a, b)| format!("{a}{b}"));
                marks.filter(|mark| has_word(line, mark)).for_each(|mark| found(&mark));
            }
            if !words.is_empty() {
                let line = line.to_lowercase();
                words.iter().filter(|word| has_word(&line, word)).for_each(|word| found(word));
            }
        }
    }
    findings
}

/// Whether the word is in the line, and not as a part of a longer one.
fn has_word(line: &str, word: &str) -> bool {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = line[start + word.len()..].chars().next();
        let ends_in_mark = word.ends_with('!');
        !before.is_some_and(part_of_word) && (ends_in_mark || !after.is_some_and(part_of_word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str, forbidden: &[&str]) -> Vec<String> {
        let forbidden: Vec<String> = forbidden.iter().map(|word| (*word).to_owned()).collect();
        let sources = [Source { path: path.into(), text: text.to_owned() }];
        check(&sources, &forbidden).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn unfinished_code_is_found() {
        let text = format!("fn f() {{\n    to{}!()\n}}\n// FIX{}: later\n", "do", "ME");
        let expected = [format!("a.rs:2: holds `to{}!`", "do"), format!("a.rs:4: holds `FIX{}`", "ME")];
        assert_eq!(found("a.rs", &text, &[]), expected);
        assert_eq!(found("a.md", &text, &[]), [""; 0]);
    }

    #[test]
    fn longer_words_are_others() {
        assert_eq!(found("a.rs", "todo = \"warn\"\nnot_todo!()\nXXXX prefix_FIXMEs", &[]), [""; 0]);
    }

    #[test]
    fn forbidden_words_are_found_in_any_file() {
        assert_eq!(found("a.md", "A Secret, secretly\n", &["secret"]), ["a.md:1: holds `secret`"]);
        assert_eq!(found("a.md", "A Secret\n", &[]), [""; 0]);
    }
}
