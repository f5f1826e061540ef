//! What binds a validator: its log against what it published, and against itself.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use vouch_api::Network;
use vouch_node::audit::{self, Published, Scope};
use vouch_node::chain::Publication;
use vouch_protocol::{LogHash, PartyKey, Share, SignedHead};

use crate::support::{self, Net, fixture, get};

/// A validator that has published two epochs at least. Its folder, and a file of the chain.
async fn published(net: &Net) -> (PathBuf, PathBuf) {
    let _miners = net.honest(2).await;
    let validator = net.validator(|s| (s.dispatch.benchmark_every_ms, s.scores.epoch_ms) = (400, 1_500)).await;
    let start = Instant::now();
    loop {
        let network: Network = get(&validator.url, "/v1/network").await;
        let paid = network.weights.iter().any(|weight| weight.weight > 0.0);
        if paid && net.chain.published(&net.key.public()).unwrap().len() >= 2 {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(90), "{network:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let remote = audit::remote(&validator.url, &scope(net)).await.unwrap();
    assert!(remote.published >= 2, "{remote:?}");
    validator.stop().await;
    let epoch = *net.chain.published(&net.key.public()).unwrap().last_key_value().unwrap().0;
    let file = net.dir.path().join(format!("chain/weights-{}/{epoch}.json", net.key.public()));
    // Answers that were under way when it stopped may still be noted: the tests change a copy.
    let (own, copy) = (net.dir.path().join("validator"), net.dir.path().join("copy"));
    std::fs::create_dir(&copy).unwrap();
    let database = rusqlite::Connection::open(own.join("validator.sqlite")).unwrap();
    let name = copy.join("validator.sqlite").display().to_string();
    database.execute("VACUUM INTO ?1", [name]).unwrap();
    (copy, file)
}

fn scope(net: &Net) -> Scope {
    Scope { chain: Some(Published::Folder(net.chain.clone())), ..support::scope(3, true) }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_must_be_the_logs() {
    let net = Net::new();
    let (folder, file) = published(&net).await;
    let audited = |scope: &Scope| audit::folder(&folder, &fixture().registry(), scope);
    let refused = |scope: &Scope, what: &str| {
        let error = format!("{:#}", audited(scope).unwrap_err());
        assert!(error.contains(what), "{what}: {error}");
    };
    let scope = scope(&net);
    assert!(audited(&scope).unwrap().published >= 2);
    let honest: Publication = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let publish = |publication: &Publication, file: &PathBuf| {
        std::fs::write(file, serde_json::to_vec(publication).unwrap()).unwrap();
    };
    let changed = |change: &dyn Fn(&mut Publication), what: &str| {
        let mut publication = honest.clone();
        change(&mut publication);
        publish(&publication, &file);
        refused(&scope, what);
        publish(&honest, &file);
        audited(&scope).unwrap();
    };

    // Other weights than the log's: a friend is paid, a miner is left out.
    changed(&|p| p.weights[0].weight = Share::ONE, "the weights on the chain are not those of the log");
    changed(&|p| p.weights.truncate(1), "the weights on the chain are not those of the log");
    // A head that the validator did not sign.
    changed(&|p| p.head.head.head = LogHash([1; 32]), "is not signed by validator");
    // A log that was rewritten after its head was published: the old head is on the chain, signed.
    let signed = |change: &dyn Fn(&mut vouch_protocol::EpochHead)| -> SignedHead {
        let mut head = honest.head.head.clone();
        change(&mut head);
        head.sign(&net.key).unwrap()
    };
    let other = signed(&|head| head.head = LogHash([1; 32]));
    changed(&|p| p.head = other.clone(), "two heads for epoch");
    let stranger = PartyKey::generate();
    let mut foreign = honest.head.head.clone();
    foreign.validator = stranger.public();
    let foreign = foreign.sign(&stranger).unwrap();
    changed(&|p| p.head = foreign.clone(), "the head on the chain is of validator");

    // An epoch that the log does not have.
    let extra = file.with_file_name("4000.json");
    publish(&honest, &extra);
    refused(&scope, "epoch 4000 is on the chain and not in the log");
    std::fs::remove_file(extra).unwrap();

    // Heads that were noted, without a chain.
    let noted = |head: SignedHead| Scope { heads: vec![head], ..support::scope(0, true) };
    audited(&noted(honest.head.clone())).unwrap();
    refused(&noted(other), "two heads for epoch");
    refused(&noted(signed(&|head| head.epoch = 4000)), "which its log does not have");
    refused(&noted(foreign), "the noted head is of validator");
}

/// Inputs, models and their terms are in the log; proofs are checked against them.
#[tokio::test(flavor = "multi_thread")]
async fn proofs_must_fit_the_log() {
    use vouch_protocol::{Entry, Event, InputsHash, LogHash};

    let net = Net::new();
    let (folder, _) = published(&net).await;
    let path = folder.join("validator.sqlite");
    // Writes the log again, chained properly, with a change; scores stay as they were.
    let rewritten = |change: &dyn Fn(&mut Event)| {
        let c = rusqlite::Connection::open(&path).unwrap();
        let mut previous = LogHash::genesis(&net.key.public());
        let mut rows = Vec::new();
        let mut all = c.prepare("SELECT seq, at_ms, body FROM log ORDER BY seq").unwrap();
        let read = |r: &rusqlite::Row<'_>| Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?, r.get::<_, String>(2)?));
        for row in all.query_map([], read).unwrap() {
            let (seq, at_ms, body) = row.unwrap();
            let mut event: Event = serde_json::from_str(&body).unwrap();
            change(&mut event);
            let entry = Entry::new(seq as u64, at_ms as u64, &event, previous).unwrap();
            previous = entry.hash;
            rows.push(entry);
        }
        for e in rows {
            let sql = "UPDATE log SET body = ?2, previous = ?3, hash = ?4 WHERE seq = ?1";
            c.execute(sql, rusqlite::params![e.seq as i64, e.body, e.previous.0, e.hash.0]).unwrap();
        }
    };
    let audited = || audit::folder(&folder, &fixture().registry(), &support::scope(1000, true));
    audited().unwrap();
    let with = |change: &dyn Fn(&mut Event), back: &dyn Fn(&mut Event), what: &str| {
        rewritten(change);
        let error = format!("{:#}", audited().unwrap_err());
        assert!(error.contains(what), "{what}: {error}");
        rewritten(back);
        audited().unwrap();
    };
    // The same twice is as before.
    let flip = |event: &mut Event| {
        if let Event::Judged(verdict) = event {
            verdict.inputs = InputsHash(verdict.inputs.0.map(|byte| byte ^ 1));
        }
    };
    with(&flip, &flip, "its inputs are not those of the log");
    let setup = |event: &mut Event| {
        if let Event::Started { parameters, .. } = event {
            parameters.models.values_mut().for_each(|terms| terms.development = !terms.development);
        }
    };
    with(&setup, &setup, "another setup in the log");
}
