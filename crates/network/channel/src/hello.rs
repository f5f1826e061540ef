//! The exchange of keys on a connection's first stream: 96 bytes each way.

use quinn::{Connection, RecvStream, SendStream};
use vouch_protocol::{ChannelBinding, ChannelRole, EXPORTER_LABEL, PartyKey, PublicKey, Signature};

use crate::ChannelError;

/// A key and a signature.
const LENGTH: usize = 32 + 64;

fn broken(error: impl ToString) -> ChannelError {
    ChannelError::Hello(error.to_string())
}

fn exporter(connection: &Connection) -> Result<[u8; 32], ChannelError> {
    let mut bytes = [0; 32];
    let made = connection.export_keying_material(&mut bytes, EXPORTER_LABEL, &[]);
    made.map_err(|_| broken("the session has no keying material"))?;
    Ok(bytes)
}

async fn write(send: &mut SendStream, key: &PublicKey, signature: &Signature) -> Result<(), ChannelError> {
    let mut bytes = [0; LENGTH];
    bytes[..32].copy_from_slice(&key.0);
    bytes[32..].copy_from_slice(&signature.0);
    send.write_all(&bytes).await.map_err(broken)?;
    send.finish().map_err(broken)
}

/// Nothing but the 96 bytes may come.
async fn read(receive: &mut RecvStream) -> Result<(PublicKey, Signature), ChannelError> {
    let bytes = receive.read_to_end(LENGTH).await.map_err(broken)?;
    let (key, signature) = bytes.split_first_chunk::<32>().ok_or_else(|| broken("too few bytes"))?;
    let signature = <[u8; 64]>::try_from(signature).map_err(|_| broken("too few bytes"))?;
    Ok((PublicKey(*key), Signature(signature)))
}

/// The validator's side: it speaks first.
pub(crate) async fn call(connection: &Connection, key: &PartyKey, miner: &PublicKey) -> Result<(), ChannelError> {
    let binding = ChannelBinding { exporter: exporter(connection)?, validator: key.public(), miner: *miner };
    let (mut send, mut receive) = connection.open_bi().await?;
    write(&mut send, &binding.validator, &binding.sign(ChannelRole::Validator, key)).await?;
    let (got, signature) = match read(&mut receive).await {
        Ok(hello) => hello,
        // A miner that refuses closes the connection, and says why.
        Err(error) => return Err(connection.close_reason().map_or(error, ChannelError::from)),
    };
    if got != *miner {
        return Err(ChannelError::OtherKey { expected: *miner, got });
    }
    let signed = binding.verify(ChannelRole::Miner, &signature);
    signed.map_err(|_| ChannelError::Forged { key: got })
}

/// The miner's side: it says nothing to a caller that it does not admit.
pub(crate) async fn answer(
    connection: &Connection,
    key: &PartyKey,
    admit: impl AsyncFnOnce(PublicKey) -> bool,
) -> Result<PublicKey, ChannelError> {
    let (mut send, mut receive) = connection.accept_bi().await?;
    let (validator, signature) = read(&mut receive).await?;
    let binding = ChannelBinding { exporter: exporter(connection)?, validator, miner: key.public() };
    let signed = binding.verify(ChannelRole::Validator, &signature);
    signed.map_err(|_| ChannelError::Forged { key: validator })?;
    if !admit(validator).await {
        return Err(ChannelError::NotAdmitted { key: validator });
    }
    write(&mut send, &binding.miner, &binding.sign(ChannelRole::Miner, key)).await?;
    Ok(validator)
}
