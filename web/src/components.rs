//! The parts that pages are made of.

pub(crate) mod chart;
mod cheat;
mod claim_table;
mod digest;
mod evidence;
mod fields;
mod files;
mod onchain;
mod recognize;
mod states;
mod verdict;

pub(crate) use cheat::TryToCheat;
pub(crate) use claim_table::ClaimTable;
pub(crate) use digest::{Digest, DigestPair};
pub(crate) use evidence::{Evidence, EvidenceDetails, Meaning};
pub(crate) use fields::{Field, Fields, FieldsForm};
pub(crate) use files::{CommandLine, Download};
pub(crate) use onchain::OnChain;
pub(crate) use recognize::{HASHED, Hidden, PRIVATE, Recognize};
pub(crate) use states::{Empty, Listed, Loading, Trouble};
pub(crate) use verdict::{AcceptDevelopment, Mark, Verdict, VerdictState};
