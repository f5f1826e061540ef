//! What the caller expects, as JSON.
//!
//! An object of known fields, whose values are lists of integers, text without escapes, `true`, `false` and `null`: all
//! that this reader reads. A library for any JSON, with its tables for floats, would be a tenth of the module.

use std::fmt::Display;
use std::str::FromStr;

use vouch_verifier::{Expected, Link, ValueRef};

use crate::api::{ApiError, Kind};

/// Reads the expectations. An unknown field is an error: a misspelt `nonce` must not mean "any". So is an empty text: a
/// host that has lost the expectations must not get a verdict without them.
pub(crate) fn parse(json: &[u8]) -> Result<Expected, ApiError> {
    whole(json, Reader::expected)
}

/// Reads what is expected of a chain: the expectations of each proof, and the links.
pub(crate) fn parse_chain(json: &[u8]) -> Result<(Vec<Expected>, Vec<Link>), ApiError> {
    whole(json, |reader| {
        let (mut steps, mut links) = (Vec::new(), Vec::new());
        reader.object("expectation", &mut |reader, name| {
            match name {
                "steps" => steps = reader.items(Reader::expected)?,
                "links" => links = reader.items(Reader::link)?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok((steps, links))
    })
}

/// Reads a value that nothing follows.
fn whole<'a, T>(json: &'a [u8], read: impl FnOnce(&mut Reader<'a>) -> Result<T, String>) -> Result<T, ApiError> {
    let mut reader = Reader { json, at: 0 };
    let result = read(&mut reader).and_then(|value| match reader.peek() {
        None => Ok(value),
        Some(_) => Err("something follows the object".to_owned()),
    });
    let at = reader.at;
    result.map_err(|message| {
        ApiError::new(Kind::Expected, "malformed", format!("the expectations, byte {at}: {message}"))
    })
}

struct Reader<'a> {
    json: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Fields by name, each at most once; `field` says whether it knows the name.
    fn object(
        &mut self,
        what: &str,
        field: &mut dyn FnMut(&mut Self, &str) -> Result<bool, String>,
    ) -> Result<(), String> {
        let mut seen: Vec<&str> = Vec::new();
        self.sequence(b'{', b'}', &mut |reader| {
            let name = reader.text()?;
            if seen.contains(&name) {
                return Err(format!("{name} is there twice"));
            }
            seen.push(name);
            reader.expect(b':')?;
            if field(reader, name)? { Ok(()) } else { Err(format!("{name} is no {what}")) }
        })
    }

    fn expected(&mut self) -> Result<Expected, String> {
        let mut expected = Expected::default();
        self.object("expectation", &mut |reader, name| {
            match name {
                "model_id" => expected.model_id = reader.optional(Reader::parsed)?,
                "nonce" => expected.nonce = reader.optional(Reader::parsed)?,
                "inputs" => expected.inputs = reader.optional(|reader| reader.items(Reader::integer))?,
                "outputs" => expected.outputs = reader.optional(|reader| reader.items(Reader::integer))?,
                "input_hashes" => expected.input_hashes = reader.optional(|reader| reader.items(Reader::parsed))?,
                "output_hashes" => expected.output_hashes = reader.optional(|reader| reader.items(Reader::parsed))?,
                "allow_development_srs" => expected.allow_development_srs = reader.boolean()?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(expected)
    }

    /// A link: all of its fields have to be there.
    fn link(&mut self) -> Result<Link, String> {
        let (mut from, mut to, mut len) = (None, None, None);
        self.object("part of a link", &mut |reader, name| {
            match name {
                "from" => from = Some(reader.end()?),
                "to" => to = Some(reader.end()?),
                "len" => len = Some(reader.natural()?),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        match (from, to, len) {
            (Some(from), Some(to), Some(len)) => Ok(Link { from, to, len }),
            _ => Err("expected from, to and len".to_owned()),
        }
    }

    fn end(&mut self) -> Result<ValueRef, String> {
        let (mut proof, mut start) = (None, None);
        self.object("part of a link's end", &mut |reader, name| {
            match name {
                "proof" => proof = Some(reader.natural()?),
                "start" => start = Some(reader.natural()?),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        match (proof, start) {
            (Some(proof), Some(start)) => Ok(ValueRef { proof, start }),
            _ => Err("expected proof and start".to_owned()),
        }
    }

    fn natural(&mut self) -> Result<u32, String> {
        u32::try_from(self.integer()?).map_err(|_| "expected an integer from 0 to 4294967295".to_owned())
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        while matches!(self.json.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        self.json.get(self.at).copied()
    }

    fn expect(&mut self, byte: u8) -> Result<(), String> {
        if self.peek() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            Err(format!("expected {}", char::from(byte)))
        }
    }

    /// A word, if it comes next.
    fn word(&mut self, word: &str) -> bool {
        self.peek();
        let found = self.json.get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes()));
        self.at += if found { word.len() } else { 0 };
        found
    }

    /// Items between brackets, separated by commas.
    fn sequence(
        &mut self,
        open: u8,
        close: u8,
        item: &mut dyn FnMut(&mut Self) -> Result<(), String>,
    ) -> Result<(), String> {
        self.expect(open)?;
        if self.peek() != Some(close) {
            item(self)?;
            while self.peek() == Some(b',') {
                self.at += 1;
                item(self)?;
            }
        }
        self.expect(close)
    }

    /// Text without escapes and control characters.
    fn text(&mut self) -> Result<&'a str, String> {
        self.expect(b'"')?;
        let rest = self.json.get(self.at..).unwrap_or_default();
        let end = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
        let (text, end) = match end.and_then(|end| Some((rest.get(..end)?, rest.get(end)?))) {
            Some((text, b'"')) => (text, text.len()),
            _ => return Err("expected text without escapes".to_owned()),
        };
        self.at += end + 1;
        std::str::from_utf8(text).map_err(|_| "text that is not UTF-8".to_owned())
    }

    fn optional<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, String>) -> Result<Option<T>, String> {
        if self.word("null") { Ok(None) } else { read(self).map(Some) }
    }

    fn parsed<T: FromStr<Err: Display>>(&mut self) -> Result<T, String> {
        self.text()?.parse().map_err(|error: T::Err| error.to_string())
    }

    fn boolean(&mut self) -> Result<bool, String> {
        let yes = self.word("true");
        if yes || self.word("false") { Ok(yes) } else { Err("expected true or false".to_owned()) }
    }

    fn items<T>(&mut self, read: impl Fn(&mut Self) -> Result<T, String>) -> Result<Vec<T>, String> {
        let mut items = Vec::new();
        self.sequence(b'[', b']', &mut |reader| {
            items.push(read(reader)?);
            Ok(())
        })?;
        Ok(items)
    }

    /// An integer of 64 bits: a number, or decimal text for those that JavaScript cannot hold in a number.
    fn integer(&mut self) -> Result<i64, String> {
        let digits = if self.peek() == Some(b'"') {
            self.text()?
        } else {
            let rest = self.json.get(self.at..).unwrap_or_default();
            let len = rest.iter().position(|byte| matches!(byte, b',' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r'));
            let digits = rest.get(..len.unwrap_or(rest.len())).unwrap_or_default();
            // JSON's own form: no plus, no zero in front.
            let plain = digits.strip_prefix(b"-").unwrap_or(digits);
            if plain.starts_with(b"+") || (plain.len() > 1 && plain.starts_with(b"0")) {
                return Err("expected an integer".to_owned());
            }
            self.at += digits.len();
            std::str::from_utf8(digits).unwrap_or_default()
        };
        digits.parse().map_err(|_| "expected an integer of 64 bits, or its decimal text".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn integers_are_numbers_or_text() {
        let expected = parse(br#" { "inputs" : [1, -2,"3", "-9223372036854775808" ,9223372036854775807] }"#).unwrap();
        assert_eq!(expected.inputs, Some(vec![1, -2, 3, i64::MIN, i64::MAX]));
        assert!(!expected.allow_development_srs);
        for nothing in ["{}", " {\n}\t", r#"{"nonce":null,"inputs":null}"#] {
            assert_eq!(parse(nothing.as_bytes()).unwrap(), Expected::default(), "{nothing}");
        }
    }

    #[test]
    fn every_field_is_read() {
        let id = "ab".repeat(32);
        let json = format!(
            r#"{{"model_id":"{id}","nonce":"{id}","inputs":[],"outputs":[0],"input_hashes":["{id}"],"output_hashes":[],"allow_development_srs":true}}"#
        );
        let expected = parse(json.as_bytes()).unwrap();
        assert_eq!(expected.model_id.map(|id| id.0), Some([0xab; 32]));
        assert_eq!(expected.nonce.map(|nonce| nonce.0), Some([0xab; 32]));
        assert_eq!((expected.inputs, expected.outputs), (Some(vec![]), Some(vec![0])));
        assert_eq!(expected.input_hashes.map(|hashes| hashes.iter().map(|h| h.0).collect()), Some(vec![[0xab; 32]]));
        assert_eq!(expected.output_hashes, Some(vec![]));
        assert!(expected.allow_development_srs);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let bad = [
            "",
            " ",
            "null",
            r#"{"nonse":"00"}"#,
            r#"{"nonce":"00"}"#,
            r#"{"inputs":[1.5]}"#,
            r#"{"inputs":["1.5"]}"#,
            r#"{"inputs":[1e3]}"#,
            r#"{"inputs":[01]}"#,
            r#"{"inputs":[-01]}"#,
            r#"{"inputs":[+1]}"#,
            r#"{"inputs":[-]}"#,
            r#"{"inputs":[]]}"#,
            r#"{"inputs":[1,]}"#,
            r#"{"inputs":[,1]}"#,
            r#"{"inputs":[1"#,
            r#"{"inputs":[9223372036854775808]}"#,
            r#"{"inputs":[true]}"#,
            r#"{"allow_development_srs":1}"#,
            r#"{"allow_development_srs":null}"#,
            r#"{"allow_development_srs":truer}"#,
            r#"{"nonce":null,"nonce":null}"#,
            r#"{"nonce":null,}"#,
            r#"{"nonce" null}"#,
            r#"{"non\u0063e":null}"#,
            r#"{"nonce":nul}"#,
            "[]",
            "[]x",
            "{}x",
            r#"{"input_hashes":["00"]}"#,
            r#"{"input_hashes":[1]}"#,
            "{",
            "\u{0}",
        ];
        for text in bad {
            let error = parse(text.as_bytes()).unwrap_err();
            assert_eq!((error.kind, error.code), (Kind::Expected, "malformed"), "{text}");
        }
        for bytes in [&b"{\"\xff\":null}"[..], b"\xff", b"\""] {
            assert!(parse(bytes).is_err());
        }
    }

    #[test]
    fn chains_are_read_strictly() {
        let id = "ab".repeat(32);
        let link = r#"{"from":{"proof":0,"start":3},"to":{"start":4294967295,"proof":1},"len":2}"#;
        let json = format!(r#" {{"steps":[{{"nonce":"{id}"}},{{}}],"links":[ {link} , {link} ]}} "#);
        let (steps, links) = parse_chain(json.as_bytes()).unwrap();
        assert_eq!((steps.len(), steps[0].nonce.map(|nonce| nonce.0)), (2, Some([0xab; 32])));
        let end = |proof, start| ValueRef { proof, start };
        assert_eq!(links, [Link { from: end(0, 3), to: end(1, u32::MAX), len: 2 }; 2]);
        let changes = [
            ("\"len\":2", "\"len\":-1"),
            ("\"len\":2", "\"len\":4294967296"),
            ("\"len\":2", "\"len\":2,\"len\":2"),
            (",\"len\":2", ""),
            ("\"start\":3", "\"stop\":3"),
            (",\"start\":3", ""),
            ("\"proof\":0", "\"proof\":0.0"),
            ("\"proof\":0", "\"proof\":null"),
            ("steps", "step"),
            ("nonce", "nonse"),
            ("[ {", "[ null,{"),
        ];
        for (from, to) in changes {
            let text = json.replacen(from, to, 1);
            assert_ne!(text, json, "{from}");
            let error = parse_chain(text.as_bytes()).unwrap_err();
            assert_eq!((error.kind, error.code), (Kind::Expected, "malformed"), "{text}");
        }
        for bad in ["", "[]", "{}x", r#"{"steps":null}"#] {
            assert!(parse_chain(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    /// Whatever is accepted is JSON, and means the same to a library for JSON. Texts are made of pieces.
    #[test]
    fn agrees_with_a_library() {
        let pieces =
            ["{", "}", "[", "]", ",", ":", "\"inputs\"", "1", "-2", "\"3\"", "null", " ", "true", "0", "\"nonce\""];
        let mut state = 1u64;
        let mut accepted = 0;
        for _ in 0..200_000 {
            let mut text = String::from("{\"inputs\":[");
            for _ in 0..8 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                text += pieces[(state >> 40) as usize % pieces.len()];
                if let Ok(expected) = parse(text.as_bytes()) {
                    let value: Value = serde_json::from_str(&text).expect("JSON");
                    let integer = |v: &Value| v.as_i64().or_else(|| v.as_str()?.parse().ok());
                    let inputs =
                        value["inputs"].as_array().map(|list| list.iter().map(|v| integer(v).unwrap()).collect());
                    assert_eq!(expected.inputs, inputs, "{text}");
                    accepted += 1;
                }
            }
        }
        assert!(accepted > 100, "{accepted}");
    }
}
