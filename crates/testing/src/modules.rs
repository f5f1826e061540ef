//! Small modules with the verifier's exports, written byte by byte, whose functions a test can replace.
#![allow(missing_docs)]

/// Value types of WebAssembly.
pub const I32: u8 = 0x7f;
pub const I64: u8 = 0x7e;

/// Bodies that do not come back with an answer, or with none that holds.
pub const TRAP: &[u8] = &[0x00];
/// `loop br 0 end unreachable`
pub const SPIN: &[u8] = &[0x03, 0x40, 0x0c, 0x00, 0x0b, 0x00];
/// `memory.grow(1000)`, and stops because it got none.
pub const GROW: &[u8] = &[0x41, 0xe8, 0x07, 0x40, 0x00, 0x1a, 0x00];

/// Where a module's text is.
pub const TEXT: u32 = 1024;

/// A function of a module.
#[derive(Clone, Debug)]
pub struct Function {
    pub name: &'static str,
    pub params: Vec<u8>,
    pub results: Vec<u8>,
    pub body: Vec<u8>,
}

/// A module with the verifier's exports, each of which gives a constant.
#[derive(Clone, Debug)]
pub struct Module {
    pub functions: Vec<Function>,
    /// Pages of memory at the start.
    pub pages: u32,
    /// What is at [`TEXT`].
    pub text: Vec<u8>,
    /// The index of a function that runs when the module starts.
    pub start: Option<u32>,
    /// Exports the memory.
    pub memory: bool,
}

/// `i32.const`
pub fn number(value: u32) -> Vec<u8> {
    let mut out = vec![0x41];
    signed(i64::from(value as i32), &mut out);
    out
}

/// `i64.const` of a text's address and length.
pub fn text_at(address: u32, len: u32) -> Vec<u8> {
    let mut out = vec![0x42];
    signed((u64::from(len) << 32 | u64::from(address)) as i64, &mut out);
    out
}

impl Module {
    /// A module that accepts everything, with this text as every answer.
    pub fn saying(text: &str) -> Self {
        let answer = text_at(TEXT, text.len() as u32);
        let signatures: [(&'static str, &[u8], u8, Vec<u8>); 13] = [
            ("vouch_abi", &[], I32, number(1)),
            ("vouch_alloc", &[I32], I32, number(1 << 16)),
            ("vouch_error", &[], I64, answer.clone()),
            ("vouch_version", &[], I64, answer.clone()),
            ("vouch_inspect", &[I32; 2], I64, answer.clone()),
            ("vouch_chain_inspect", &[I32; 2], I64, answer.clone()),
            ("vouch_key_load", &[I32; 2], I32, number(1)),
            ("vouch_key_describe", &[I32], I64, answer.clone()),
            ("vouch_begin", &[I32; 5], I32, number(1)),
            ("vouch_step", &[I32, I64], I32, number(0)),
            ("vouch_finish", &[I32], I64, answer.clone()),
            ("vouch_verify", &[I32; 5], I64, answer.clone()),
            ("vouch_chain_begin", &[I32; 6], I32, number(1)),
        ];
        let mut functions: Vec<Function> = signatures
            .into_iter()
            .map(|(name, params, result, body)| Function { name, params: params.to_vec(), results: vec![result], body })
            .collect();
        functions.push(Function { name: "vouch_free", params: vec![I32], results: vec![], body: vec![] });
        Self { functions, pages: 8, text: text.as_bytes().to_vec(), start: None, memory: true }
    }

    fn place(&self, name: &str) -> usize {
        self.functions.iter().position(|f| f.name == name).expect("an export")
    }

    /// With another body of a function.
    pub fn with(mut self, name: &str, body: &[u8]) -> Self {
        let place = self.place(name);
        self.functions[place].body = body.to_vec();
        self
    }

    /// Without a function.
    pub fn without(mut self, name: &str) -> Self {
        let place = self.place(name);
        self.functions.remove(place);
        self
    }

    /// A body that calls its own function with its own parameters.
    pub fn recursion(&self, name: &str) -> Vec<u8> {
        let place = self.place(name);
        let mut body: Vec<u8> = (0..self.functions[place].params.len() as u8).flat_map(|i| [0x20, i]).collect();
        body.push(0x10);
        unsigned(place as u32, &mut body);
        body
    }

    /// With a function that runs at the start.
    pub fn starting(mut self, body: &[u8]) -> Self {
        self.start = Some(self.functions.len() as u32);
        self.functions.push(Function { name: "start", params: vec![], results: vec![], body: body.to_vec() });
        self
    }

    /// The bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let types = list(&self.functions, |f, out| {
            out.push(0x60);
            for types in [&f.params, &f.results] {
                unsigned(types.len() as u32, out);
                out.extend(types);
            }
        });
        let indices =
            list(&self.functions.iter().enumerate().collect::<Vec<_>>(), |(i, _), out| unsigned(*i as u32, out));
        let mut memory = vec![1, 0];
        unsigned(self.pages, &mut memory);
        let mut exports: Vec<(&str, u8, u32)> =
            self.functions.iter().enumerate().map(|(i, f)| (f.name, 0, i as u32)).collect();
        if self.memory {
            exports.push(("memory", 2, 0));
        }
        let exports = list(&exports, |(name, kind, index), out| {
            unsigned(name.len() as u32, out);
            out.extend(name.as_bytes());
            out.push(*kind);
            unsigned(*index, out);
        });
        let code = list(&self.functions, |f, out| {
            unsigned(f.body.len() as u32 + 2, out);
            out.push(0);
            out.extend(&f.body);
            out.push(0x0b);
        });
        let mut data = vec![1, 0];
        data.extend(number(TEXT));
        data.push(0x0b);
        unsigned(self.text.len() as u32, &mut data);
        data.extend(&self.text);
        let mut start = Vec::new();
        if let Some(index) = self.start {
            unsigned(index, &mut start);
        }
        let mut out = b"\0asm\x01\0\0\0".to_vec();
        for (id, section) in [(1, types), (3, indices), (5, memory), (7, exports), (8, start), (10, code), (11, data)] {
            if !section.is_empty() {
                out.push(id);
                unsigned(section.len() as u32, &mut out);
                out.extend(section);
            }
        }
        out
    }
}

fn list<T>(items: &[T], write: impl Fn(&T, &mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    unsigned(items.len() as u32, &mut out);
    items.iter().for_each(|item| write(item, &mut out));
    out
}

/// LEB128.
fn unsigned(mut value: u32, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Signed LEB128.
fn signed(mut value: i64, out: &mut Vec<u8>) {
    loop {
        let byte = value as u8 & 0x7f;
        value >>= 7;
        if (value == 0 && byte & 0x40 == 0) || (value == -1 && byte & 0x40 != 0) {
            out.push(byte);
            return;
        }
        out.push(byte | 0x80);
    }
}
