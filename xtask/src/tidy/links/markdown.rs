//! As much of markdown as is needed to find links and headings.

/// Inline links and reference definitions, with their lines. Code is passed over.
pub(super) fn links(text: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    for (line, content) in prose(text) {
        let content = without_code(content);
        if let Some(target) = definition(&content) {
            links.push((line, address(target)));
            continue;
        }
        let mut rest = content.as_str();
        while let Some(start) = rest.find("](") {
            rest = &rest[start + 2..];
            let Some(end) = closing(rest) else { break };
            links.push((line, address(&rest[..end])));
            rest = &rest[end..];
        }
    }
    links
}

/// The names by which headings can be linked to, as GitHub makes them.
pub(super) fn anchors(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (_, line) in prose(text) {
        let title = line.trim_start_matches('#');
        let depth = line.len() - title.len();
        if !(1..=6).contains(&depth) || !title.starts_with(' ') {
            continue;
        }
        let name: String = title
            .trim()
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect();
        let same = |number: usize| if number == 0 { name.clone() } else { format!("{name}-{number}") };
        names.extend((0..).map(same).find(|candidate| !names.contains(candidate)));
    }
    names
}

/// Lines outside fenced code, numbered from 1.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fence: Option<&str> = None;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let mark = ["```", "~~~"].into_iter().find(|mark| line.trim_start().starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            (None, None) => return Some((index + 1, line)),
            (Some(_), _) => {}
        }
        None
    })
}

/// The line with its inline code blanked out.
fn without_code(line: &str) -> String {
    let parts: Vec<&str> = line.split('`').collect();
    let closed = parts.len() % 2 == 1;
    let keep =
        |(index, part): (usize, &&str)| if index % 2 == 1 && closed { String::new() } else { (*part).to_owned() };
    parts.iter().enumerate().map(keep).collect()
}

/// What follows the name in `[name]: address "title"`.
fn definition(line: &str) -> Option<&str> {
    let (name, rest) = line.strip_prefix('[')?.split_once("]:")?;
    (!name.contains(']')).then_some(rest)
}

/// The address in `address "title"` or `<address>`.
fn address(text: &str) -> String {
    text.split_whitespace().next().unwrap_or("").trim_matches(['<', '>']).to_owned()
}

/// Where the parenthesis that was opened before `text` closes.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 1;
    text.char_indices().find_map(|(index, c)| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        (depth == 0).then_some(index)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_outside_code() {
        let text =
            "See [a](a.md) and ![b](b.png \"title\").\n```\n[no](c.md)\n```\n`[no](d.md)` [e](f_(g).md#h)\n[i]: <j.md>";
        let found = links(text);
        let expected = [(1, "a.md"), (1, "b.png"), (5, "f_(g).md#h"), (6, "j.md")];
        assert_eq!(found, expected.map(|(line, link)| (line, link.to_owned())));
    }

    #[test]
    fn anchors_are_those_of_github() {
        let text = "# The walk, from A to B\n## `vouch prove`\n## Limits\n## Limits\n#no\n```\n# comment\n```\n";
        assert_eq!(anchors(text), ["the-walk-from-a-to-b", "vouch-prove", "limits", "limits-1"]);
    }
}
