//! Bittensor's chain, Subtensor, for Vouch's network.
//!
//! ```text
//! metagraph <- runtime interface <- state     weights, axon, head -> call -> extrinsic -> block
//! ```
//!
//! * [`Subtensor`]: who is registered on a subnet, and where weights and heads of logs are published.
//! * [`Endpoint`]: a node, and the names of networks; `rpc` asks one node after the other.
//! * [`Runtime`]: the description of a runtime; [`Call`]: what is signed, whose bytes the committed metadata fixes.
//! * [`Hotkey`]: a key of a Bittensor wallet; [`Address`]: its text form.
//!
//! Nothing here is asynchronous: every call ends within its time limits. What a node answers is bounded in size, depth and
//! time, and becomes a typed error where it cannot be used.

mod calls;
mod commitment;
mod endpoint;
mod error;
mod events;
mod extrinsic;
mod metagraph;
mod outbox;
mod published;
mod rpc;
mod runtime;
mod schedule;
mod ss58;
mod storage;
mod subtensor;
mod timelock;
mod value;
mod wallet;
mod weights;

pub use calls::Call;
pub use commitment::HeadCommitment;
pub use endpoint::{Endpoint, Network};
pub use error::{EndpointError, Retry, SubtensorError, WalletError};
pub use extrinsic::{Era, Signed, SigningContext};
pub use metagraph::{Axon, Hyperparameters, Metagraph, Neuron};
pub use published::Published;
pub use runtime::{Extension, Pallet, Runtime, StorageEntry};
pub use schedule::Schedule;
pub use ss58::{Address, AddressError};
pub use storage::{StorageKey, account_key, map_key, plain_key};
pub use subtensor::{Options, Subtensor};
pub use timelock::{DRAND_GENESIS, DRAND_PERIOD, TimelockError, WeightsPayload, open, seal};
pub use value::{Value, ValueError, decode};
pub use wallet::Hotkey;
pub use weights::{Chosen, WeightsError, choose};
