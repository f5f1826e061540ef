//! How a transaction in a block ended.

use crate::{Runtime, SubtensorError, Value, ValueError};

/// The end of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It did what it should.
    Success,
    /// It failed: the error's name and the runtime's words.
    Failure(String, String),
    /// The block's events do not say.
    Unknown,
}

/// The event's pallet, name and fields.
fn event(record: &Value) -> Result<Option<(&str, &str, &Value)>, ValueError> {
    let Value::Variant(pallet, inner) = record.field("event")? else { return Ok(None) };
    let Some((_, event @ Value::Variant(name, _))) = inner.first() else { return Ok(None) };
    Ok(Some((pallet, name, event)))
}

fn failure(runtime: &Runtime, error: &Value) -> Outcome {
    let plain = |name: &str| Outcome::Failure(name.to_owned(), "refused by the runtime".to_owned());
    let Value::Variant(name, fields) = error else { return plain("an unknown error") };
    let Some((_, module)) = fields.first().filter(|_| name == "Module") else { return plain(name) };
    let numbers = || {
        let index: u8 = module.field("index")?.number("index")?;
        let error = module.field("error")?.bytes("error")?.first().copied().unwrap_or_default();
        Ok::<_, ValueError>((index, error))
    };
    match numbers() {
        Ok((index, error)) => {
            let (name, docs) = runtime.error(index, error);
            Outcome::Failure(name, docs)
        }
        Err(_) => plain(name),
    }
}

/// The outcome of transaction number `at`, from the decoded `System.Events` of its block.
pub(crate) fn outcome(runtime: &Runtime, events: &Value, at: usize) -> Result<Outcome, SubtensorError> {
    let wrong = |source| SubtensorError::Value { what: "the block's events", source };
    for record in events.list("events").map_err(wrong)? {
        let Value::Variant(phase, number) = record.field("phase").map_err(wrong)? else { continue };
        if phase != "ApplyExtrinsic" || number.first().map(|(_, value)| value) != Some(&Value::Uint(at as u128)) {
            continue;
        }
        match event(record).map_err(wrong)? {
            Some(("System", "ExtrinsicSuccess", _)) => return Ok(Outcome::Success),
            Some(("System", "ExtrinsicFailed", event)) => {
                return Ok(failure(runtime, event.field("dispatch_error").map_err(wrong)?));
            }
            _ => {}
        }
    }
    Ok(Outcome::Unknown)
}
