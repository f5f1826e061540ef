//! Strategies in the database. Their proofs are predictions like any other; a row here says which, and has the chain.

use rusqlite::{Connection, OptionalExtension, Row, params};
use vouch_api::{Market, StrategyPlan};

use super::{Ledger, Pending};
use crate::database::DatabaseError;
use crate::now_ms;

/// A strategy as it is stored.
#[derive(Debug, Clone)]
pub(in crate::validator) struct Stored {
    pub(in crate::validator) id: String,
    pub(in crate::validator) plan: StrategyPlan,
    pub(in crate::validator) market: Market,
    pub(in crate::validator) horizon: f64,
    pub(in crate::validator) risk: f64,
    /// The forecasts, and then the allocation once it was asked for.
    pub(in crate::validator) predictions: Vec<String>,
    pub(in crate::validator) created_ms: u64,
    pub(in crate::validator) finished_ms: Option<u64>,
    pub(in crate::validator) error: Option<String>,
    pub(in crate::validator) chain_id: Option<String>,
}

const COLUMNS: &str = "id, plan, market, horizon, risk, predictions, created_ms, finished_ms, error, chain_id";

/// The texts of a row.
fn raw(row: &Row<'_>) -> rusqlite::Result<[String; 3]> {
    Ok([row.get(1)?, row.get(2)?, row.get(5)?])
}

fn stored(row: &Row<'_>) -> Result<Stored, DatabaseError> {
    let [plan, market, predictions] = raw(row)?;
    let wrong = |what| move |error: serde_json::Error| DatabaseError::content(what, error);
    Ok(Stored {
        id: row.get(0)?,
        plan: serde_json::from_str(&plan).map_err(wrong("a strategy's plan"))?,
        market: serde_json::from_str(&market).map_err(wrong("market data"))?,
        horizon: row.get(3)?,
        risk: row.get(4)?,
        predictions: serde_json::from_str(&predictions).map_err(wrong("a strategy's predictions"))?,
        created_ms: row.get::<_, i64>(6)? as u64,
        finished_ms: row.get::<_, Option<i64>>(7)?.map(|at| at as u64),
        error: row.get(8)?,
        chain_id: row.get(9)?,
    })
}

/// A strategy.
pub(in crate::validator) fn strategy(c: &Connection, id: &str) -> Result<Option<Stored>, DatabaseError> {
    let mut statement = c.prepare_cached(&format!("SELECT {COLUMNS} FROM strategies WHERE id = ?1"))?;
    let mut rows = statement.query([id])?;
    rows.next()?.map(stored).transpose()
}

/// A strategy's chain.
pub(in crate::validator) fn chain(c: &Connection, id: &str) -> Result<Option<Vec<u8>>, DatabaseError> {
    let mut statement = c.prepare_cached("SELECT chain FROM strategies WHERE id = ?1")?;
    Ok(statement.query_row([id], |row| row.get::<_, Option<Vec<u8>>>(0)).optional()?.flatten())
}

fn text(value: &impl serde::Serialize) -> Result<String, DatabaseError> {
    serde_json::to_string(value).map_err(|error| DatabaseError::content("a strategy", error))
}

impl Ledger {
    /// Accepts a strategy with its forecasts, as questions.
    pub(in crate::validator) fn accept_strategy(
        &mut self,
        strategy: &Stored,
        forecasts: &[Pending],
    ) -> Result<(), DatabaseError> {
        let (plan, market) = (text(&strategy.plan)?, text(&strategy.market)?);
        let predictions = text(&strategy.predictions)?;
        self.write(|log, _| {
            let sql = "INSERT INTO strategies (id, plan, market, horizon, risk, predictions, state, created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'open', ?7)";
            let Stored { id, horizon, risk, created_ms, .. } = strategy;
            log.transaction.execute(sql, params![id, plan, market, horizon, risk, predictions, *created_ms as i64])?;
            forecasts.iter().try_for_each(|pending| super::accept(log, pending).map(drop))
        })
    }

    /// Accepts the allocation of an open strategy, as a question.
    pub(in crate::validator) fn accept_allocation(
        &mut self,
        id: &str,
        predictions: &[String],
        allocation: &Pending,
    ) -> Result<(), DatabaseError> {
        let predictions = text(&predictions)?;
        self.write(|log, _| {
            let sql = "UPDATE strategies SET predictions = ?2 WHERE id = ?1 AND state = 'open'";
            if log.transaction.execute(sql, params![id, predictions])? != 1 {
                return Err(DatabaseError::content("a strategy that is open", id));
            }
            super::accept(log, allocation).map(drop)
        })
    }

    /// Ends a strategy, with its chain or the reason why there is none; `false` if it had ended.
    pub(in crate::validator) fn end_strategy(
        &mut self,
        id: &str,
        end: Result<(&str, &[u8]), &str>,
    ) -> Result<bool, DatabaseError> {
        let (chain, error) = (end.ok(), end.err());
        let (chain_id, chain) = chain.unzip();
        let state = if error.is_none() { "done" } else { "failed" };
        let sql = "UPDATE strategies SET state = ?2, finished_ms = ?3, error = ?4, chain_id = ?5, chain = ?6 WHERE id = ?1 AND state = 'open'";
        let values = params![id, state, now_ms() as i64, error, chain_id, chain];
        Ok(self.connection.execute(sql, values)? == 1)
    }

    /// The strategies that have not ended, oldest first.
    pub(in crate::validator) fn open_strategies(&mut self) -> Result<Vec<Stored>, DatabaseError> {
        let sql = format!("SELECT {COLUMNS} FROM strategies WHERE state = 'open' ORDER BY created_ms");
        let mut statement = self.connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(stored(row)?);
        }
        Ok(all)
    }
}
