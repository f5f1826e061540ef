//! The suite `queue`: a miner's queue in NATS, with a real server and provers that are killed.

use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::{
    process::{cargo, run},
    workspace::Workspace,
};

/// The node's tests that the workspace's other tests leave out because they need a NATS server.
pub(super) fn test(workspace: &Workspace) -> Result<()> {
    let server = std::env::var_os("VOUCH_NATS_SERVER").unwrap_or_else(|| "nats-server".into());
    let mut version = Command::new(server);
    version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    if !version.status().is_ok_and(|status| status.success()) {
        bail!(
            "nats-server is missing: `apt install nats-server`, name it in VOUCH_NATS_SERVER, or leave this out with --skip queue"
        );
    }
    run(cargo(&workspace.root).args(["test", "--locked", "--test", "node", "--", "--ignored", "queue::"]))
}
