//! Users, miners and entries on the chain that mean no good, and what a validator does about them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use vouch::{Card, Model, Setup};
use vouch_api::{
    AttemptOutcome, LogEntry, ModelId, Network, PredictionRequest, PredictionStatus, Problem, ProveRequest,
    State as Stage,
};
use vouch_compiler::{CompileOptions, InputRanges, NamedTensor, compile};
use vouch_node::chain::{MinerEntry, Parties, ValidatorEntry};
use vouch_node::now_ms;
use vouch_node::registry::Registry;
use vouch_node::server::{Limits, serve};
use vouch_protocol::{PartyKey, sign};

use crate::support::{self, Net, Running, ask, end, get, run, start_miner, verdicts};

/// A model whose ranges come from samples near zero: most inputs within its declared ranges leave the range of a value
/// inside.
fn narrow(dir: &Path) -> (PathBuf, ModelId) {
    let onnx = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tiny.onnx");
    let sample = |i: u32| {
        let values = vec![0.01 * f64::from(i), -0.01, 0.02, 0.005 * f64::from(i)];
        [("x".to_owned(), NamedTensor::new(vec![1, 4], values).unwrap())].into()
    };
    let options = CompileOptions {
        ranges: InputRanges::global(-1.0, 1.0),
        calibration: Some((0..20).map(sample).collect()),
        ..CompileOptions::default()
    };
    let model = Model::new(compile(&onnx, &options).unwrap(), Card::default());
    let key = model.setup(Setup::development()).unwrap();
    let models = dir.join("models");
    model.save(models.join("narrow")).unwrap();
    key.save(models.join("narrow")).unwrap();
    (models, key.model_id())
}

/// Inputs that the program refuses are the asker's error. They cost no miner anything, and benchmarks have none of them.
#[tokio::test(flavor = "multi_thread")]
async fn inputs_that_cannot_be_proved_cost_no_miner() {
    let dir = tempfile::tempdir().unwrap();
    let (models, model_id) = narrow(dir.path());
    let registry = Registry::load(&models, Duration::from_secs(60), true).unwrap();
    let model = registry.get(&model_id).unwrap();
    let refused = (0..100).filter(|_| model.check_run(&model.random_inputs()).is_err()).count();
    assert!(refused > 50, "the model refuses most inputs in range: {refused} of 100");
    let drawn: Vec<_> = (0..100).map(|_| model.benchmark_inputs().expect("accepted inputs")).collect();
    assert!(drawn.iter().all(|inputs| model.check_run(inputs).is_ok() && model.check_integers(inputs).is_ok()));
    let mut different = drawn;
    different.sort();
    different.dedup();
    assert!(different.len() > 50, "{} different benchmarks of 100", different.len());

    let net = Net::new();
    let honest = PartyKey::generate();
    let miner = start_miner(&honest, net.dir.path(), &net.chain, |s| s.models = models.clone()).await;
    net.on_chain(vec![MinerEntry { key: honest.public(), url: miner.url.clone() }]);
    let validator = net.validator(|s| s.models = models.clone()).await;
    let question = |values: [f64; 4]| {
        let inputs = [("x".to_owned(), values.to_vec())].into();
        let question = PredictionRequest { model_id, inputs, user_part: None, salt: None };
        reqwest::Client::new().post(format!("{}/v1/predictions", validator.url)).json(&question).send()
    };
    let mut unprovable = 0;
    for corner in [[1.0, 1.0, 1.0, 1.0], [-1.0, -1.0, -1.0, -1.0], [1.0, -1.0, 1.0, -1.0], [-1.0, 1.0, -1.0, 1.0]] {
        let response = question(corner).await.unwrap();
        if response.status() == 202 {
            let status: PredictionStatus = response.json().await.unwrap();
            assert_eq!(end(&validator.url, &status.id).await.state, Stage::Done, "{corner:?}");
            continue;
        }
        assert_eq!(response.status(), 422, "{corner:?}");
        let problem: Problem = response.json().await.unwrap();
        assert_eq!((problem.name(), problem.title.as_str()), ("inputs", "The model refuses the inputs"));
        unprovable += 1;
    }
    assert!(unprovable > 0);
    let status: PredictionStatus = question([0.05, -0.01, 0.02, 0.01]).await.unwrap().json().await.unwrap();
    assert_eq!(end(&validator.url, &status.id).await.state, Stage::Done);
    let verdicts = verdicts(&validator.url).await;
    assert!(verdicts.iter().all(|verdict| verdict.outcome == AttemptOutcome::Verified), "{verdicts:?}");
}

/// A miner that holds what it is asked until the deadline.
async fn silent() -> Running {
    run(Router::new().route("/v1/prove", post(std::future::pending::<()>)), || ()).await
}

/// Forty keys that never answer are benchmarked in places of their own, and after that left alone.
#[tokio::test(flavor = "multi_thread")]
async fn dead_keys_do_not_stop_users() {
    let net = Net::new();
    let slow = silent().await;
    let honest = PartyKey::generate();
    let running = start_miner(&honest, net.dir.path(), &net.chain, |_| {}).await;
    let entry = |key, url: &str| MinerEntry { key, url: url.to_owned() };
    let mut miners: Vec<_> = (0..40).map(|_| entry(PartyKey::generate().public(), &slow.url)).collect();
    miners.push(entry(honest.public(), &running.url));
    net.on_chain(miners);
    let validator = net
        .validator(|s| {
            (s.dispatch.timeout_ms, s.dispatch.benchmark_every_ms) = (6_000, 2_000);
            (s.dispatch.in_flight, s.dispatch.benchmarks_in_flight) = (2, 20);
            s.dispatch.backoff_ms = 120_000;
        })
        .await;
    let url = &validator.url;
    // Until each of the dead was tried once: 20 at a time, 6 s each.
    let start = Instant::now();
    loop {
        let all = verdicts(url).await;
        let dead: std::collections::BTreeSet<_> =
            all.iter().filter(|v| v.outcome == AttemptOutcome::Late).map(|v| v.miner).collect();
        if dead.len() == 40 {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(90), "{} of 40 were tried", dead.len());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    for _ in 0..4 {
        let start = Instant::now();
        let status = end(url, &ask(url, None).await.id).await;
        assert_eq!((status.state, status.miner), (Stage::Done, Some(honest.public().to_string())));
        assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    }
    let network: Network = get(url, "/v1/network").await;
    assert_eq!(network.in_flight_limit, 22);
}

/// An entry on the chain cannot send the validator to a service inside the operator's network, to another path, or have the
/// public log say what answered there.
#[tokio::test(flavor = "multi_thread")]
async fn a_miners_address_is_a_global_one_and_nothing_else() {
    for private in [false, true] {
        let net = Net::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let forbidden = || std::future::ready(axum::http::StatusCode::FORBIDDEN);
        let internal = run(Router::new().route("/v1/prove", post(forbidden)), || ()).await;
        let mut urls = vec![
            format!("http://127.0.0.1:{port}/latest/api/token?x="),
            format!("http://127.0.0.1:{port}/admin#"),
            format!("http://localhost:{port}"),
            format!("https://127.0.0.1:{port}"),
        ];
        if private {
            urls.push(internal.url.clone());
        } else {
            urls.push(format!("http://127.0.0.1:{port}"));
            urls.push(format!("http://[::ffff:127.0.0.1]:{port}"));
        }
        let expected = urls.len();
        let key = || PartyKey::generate().public();
        net.on_chain(urls.into_iter().map(|url| MinerEntry { key: key(), url }).collect());
        let validator = net
            .validator(|s| {
                s.dispatch.private_addresses = private;
                s.dispatch.benchmark_every_ms = 500;
            })
            .await;
        let start = Instant::now();
        while verdicts(&validator.url).await.len() < expected {
            assert!(start.elapsed() < Duration::from_secs(30));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let accepted = tokio::time::timeout(Duration::from_millis(200), listener.accept()).await;
        assert!(accepted.is_err(), "the validator connected to an address that it must not ask");
        for verdict in verdicts(&validator.url).await {
            assert_eq!((verdict.outcome, verdict.detail.as_str()), (AttemptOutcome::Failed, "no usable answer"));
        }
        let log: Vec<LogEntry> = get(&validator.url, "/v1/log?after=0&limit=1000").await;
        assert!(log.iter().all(|entry| !entry.body.contains("127.0.0.1")));
    }
}

/// A validator with a stake of 1 asks for as much as it can; the one with a stake of 1000 finds room all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_validator_with_little_stake_does_not_fill_the_queue() {
    let net = Net::new();
    let (key, rogue) = (PartyKey::generate(), PartyKey::generate());
    let miner = start_miner(&key, net.dir.path(), &net.chain, |_| {}).await;
    let stake = |key: &PartyKey, stake| ValidatorEntry { key: key.public(), stake };
    let validators = vec![stake(&net.key, 1000), stake(&rogue, 1)];
    net.chain.write(&Parties { validators, ..Parties::default() }).unwrap();
    let send = |caller: &PartyKey| {
        let request = ProveRequest { deadline_ms: 100_000, ..support::prove_request() };
        let body = serde_json::to_vec(&request).unwrap();
        let headers = sign(caller, &key.public(), "POST", "/v1/prove", &body, now_ms() + 100_000);
        let post = reqwest::Client::new().post(format!("{}/v1/prove", miner.url)).body(body);
        let post = headers.to_pairs().into_iter().fold(post, |post, (name, value)| post.header(name, value));
        tokio::spawn(async move { post.send().await.unwrap().status().as_u16() })
    };
    let flood: Vec<_> = (0..40).map(|_| send(&rogue)).collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    // Seven of eight places are the large one's.
    let own: Vec<_> = (0..7).map(|_| send(&net.key)).collect();
    for answer in own {
        assert_eq!(answer.await.unwrap(), 200);
    }
    let mut statuses = Vec::new();
    for answer in flood {
        statuses.push(answer.await.unwrap());
    }
    assert!(statuses.iter().all(|status| [200, 503].contains(status)), "{statuses:?}");
    assert!(statuses.iter().filter(|&&status| status == 503).count() >= 20, "{statuses:?}");
}

/// Requests that a miner was sent.
type Seen = Arc<Mutex<Vec<ProveRequest>>>;

async fn note(State(seen): State<Seen>, Json(asked): Json<ProveRequest>) -> StatusCode {
    seen.lock().unwrap().push(asked);
    StatusCode::INTERNAL_SERVER_ERROR
}

/// A benchmark has the numbers of a recent question, and everything else is alike: a miner cannot answer those well and
/// users badly.
#[tokio::test(flavor = "multi_thread")]
async fn benchmarks_have_the_numbers_of_questions() {
    let net = Net::new();
    let seen = Seen::default();
    let server = run(Router::new().route("/v1/prove", post(note)).with_state(seen.clone()), || ()).await;
    net.on_chain(vec![MinerEntry { key: PartyKey::generate().public(), url: server.url.clone() }]);
    let validator = net
        .validator(|s| (s.dispatch.benchmark_every_ms, s.dispatch.backoff_ms, s.predictions.attempts) = (200, 0, 1))
        .await;
    // Far from the sample of the card.
    let inputs = [("x".to_owned(), vec![-0.9, 0.9, -0.8, -0.7])].into();
    let question = PredictionRequest { model_id: support::fixture().id(), inputs, user_part: None, salt: None };
    let integers = support::fixture().registry().get(&question.model_id).unwrap().integers(&question.inputs).unwrap();
    let post = reqwest::Client::new().post(format!("{}/v1/predictions", validator.url)).json(&question);
    let status: PredictionStatus = post.send().await.unwrap().json().await.unwrap();
    end(&validator.url, &status.id).await;
    let asked_before = seen.lock().unwrap().len();
    let start = Instant::now();
    while seen.lock().unwrap().len() < asked_before + 5 {
        assert!(start.elapsed() < Duration::from_secs(60));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let seen = seen.lock().unwrap();
    let of_question: Vec<_> = seen.iter().filter(|asked| asked.user_part == status.user_part).collect();
    assert_eq!(of_question.len(), 1);
    // One may have been drawn before the question came.
    let benchmarks = &seen[asked_before + 1..];
    assert!(benchmarks.iter().all(|asked| asked.inputs == integers), "{benchmarks:?}");
    for asked in benchmarks {
        assert_eq!((asked.deadline_ms, asked.salt), (of_question[0].deadline_ms, of_question[0].salt));
        assert_eq!(asked.request_id.len(), of_question[0].request_id.len());
    }
    let parts: std::collections::BTreeSet<_> = seen.iter().flat_map(|a| [a.user_part, a.validator_part]).collect();
    assert_eq!(parts.len(), 2 * seen.len(), "fresh nonces");
}

/// Connections whose client does not read are closed, and one address cannot have all of them.
#[tokio::test(flavor = "multi_thread")]
async fn connections_that_do_not_read_are_let_go() {
    const MOST: usize = 8;
    let long = "x".repeat(1 << 20);
    let app = Router::new()
        .route("/long", axum::routing::get(move || std::future::ready(long.clone())))
        .route("/health", axum::routing::get(|| std::future::ready("ok")));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let limits = Limits { per_address: MOST, write: Duration::from_millis(300), ..Limits::default() };
    tokio::spawn(serve(listener, app, limits, std::future::pending()));
    let request = "GET /long HTTP/1.1\r\nhost: x\r\n\r\n".repeat(20);
    let mut held = Vec::new();
    for _ in 0..MOST {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let mut stream = socket.connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        held.push(stream);
    }
    // The ninth is closed without an answer, or there is room again because the first ones were closed.
    let start = Instant::now();
    let mut closed = 0;
    loop {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let _ = stream.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
        let mut answer = String::new();
        match stream.read_to_string(&mut answer).await {
            Ok(_) if answer.ends_with("ok") => break,
            _ => closed += 1,
        }
        assert!(start.elapsed() < Duration::from_secs(60), "{closed} times: {answer:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(closed > 0, "the ninth connection was served while eight were open");
    drop(held);
}
