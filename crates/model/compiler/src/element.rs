//! Element types of tensors.

/// The type of a tensor's elements.
///
/// The crate computes with `f64` whatever the type is. An integer is exact up to 2^53 then; a float has no rounding to
/// the width of its type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ElementType {
    /// IEEE 754 half precision.
    Float16,
    /// The upper half of a single-precision float.
    Bfloat16,
    /// IEEE 754 single precision.
    #[default]
    Float32,
    /// IEEE 754 double precision.
    Float64,
    /// Signed, 4 bits.
    Int4,
    /// Signed, 8 bits.
    Int8,
    /// Signed, 16 bits.
    Int16,
    /// Signed, 32 bits.
    Int32,
    /// Signed, 64 bits.
    Int64,
    /// Unsigned, 4 bits.
    Uint4,
    /// Unsigned, 8 bits.
    Uint8,
    /// Unsigned, 16 bits.
    Uint16,
    /// Unsigned, 32 bits.
    Uint32,
    /// Unsigned, 64 bits.
    Uint64,
    /// A truth value, 0 or 1.
    Bool,
}

/// What elements of a type mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Real numbers.
    Float,
    /// Integers: quantities, shapes, axes, indices. They are never rounded.
    Int,
    /// Truth values, 0 or 1.
    Bool,
}

impl ElementType {
    /// What its elements mean.
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Float16 | Self::Bfloat16 | Self::Float32 | Self::Float64 => Kind::Float,
            Self::Bool => Kind::Bool,
            _ => Kind::Int,
        }
    }

    /// Whether every element is an integer.
    pub(crate) fn is_integer(self) -> bool {
        self.kind() != Kind::Float
    }

    /// Smallest and largest element of a type of integers.
    pub(crate) fn integers(self) -> Option<(f64, f64)> {
        let signed = |bits: i32| Some((-(2f64.powi(bits - 1)), 2f64.powi(bits - 1) - 1.0));
        let unsigned = |bits: i32| Some((0.0, 2f64.powi(bits) - 1.0));
        match self {
            Self::Float16 | Self::Bfloat16 | Self::Float32 | Self::Float64 => None,
            Self::Int4 => signed(4),
            Self::Int8 => signed(8),
            Self::Int16 => signed(16),
            Self::Int32 => signed(32),
            Self::Int64 => signed(64),
            Self::Uint4 => unsigned(4),
            Self::Uint8 => unsigned(8),
            Self::Uint16 => unsigned(16),
            Self::Uint32 => unsigned(32),
            Self::Uint64 => unsigned(64),
            Self::Bool => unsigned(1),
        }
    }
}

impl Kind {
    /// The usual type of a kind.
    pub(crate) fn default_type(self) -> ElementType {
        match self {
            Self::Float => ElementType::Float32,
            Self::Int => ElementType::Int64,
            Self::Bool => ElementType::Bool,
        }
    }
}

impl std::fmt::Display for ElementType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Float16 => "float16",
            Self::Bfloat16 => "bfloat16",
            Self::Float32 => "float32",
            Self::Float64 => "float64",
            Self::Int4 => "int4",
            Self::Int8 => "int8",
            Self::Int16 => "int16",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Uint4 => "uint4",
            Self::Uint8 => "uint8",
            Self::Uint16 => "uint16",
            Self::Uint32 => "uint32",
            Self::Uint64 => "uint64",
            Self::Bool => "bool",
        })
    }
}

/// The value of a float of half precision.
pub(crate) fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    sign * match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        e => (1.0 + fraction / 1024.0) * 2f64.powi(e - 15),
    }
}
