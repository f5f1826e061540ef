//! Two ends, and those who mean no good between them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use quinn::{ClientConfig, Connection, ConnectionError, Endpoint, ServerConfig, VarInt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;
use vouch_protocol::{ChannelBinding, ChannelRole, EXPORTER_LABEL, PartyKey, PublicKey};

use crate::{Caller, ChannelError, ChannelLimits, Dialer, Listener, Service, Stream, hello, tls};

const HERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

fn limits() -> ChannelLimits {
    ChannelLimits {
        handshake: Duration::from_secs(3),
        silence: Duration::from_secs(4),
        drain: Duration::from_secs(10),
        ..ChannelLimits::default()
    }
}

/// Says back what it is told, once `room` has a place.
struct Echo {
    admitted: Vec<PublicKey>,
    callers: Mutex<Vec<Caller>>,
    places: Arc<Semaphore>,
    room: Semaphore,
    begun: AtomicUsize,
}

impl Echo {
    fn of(admitted: &[&PartyKey]) -> Arc<Self> {
        Arc::new(Self {
            admitted: admitted.iter().map(|key| key.public()).collect(),
            callers: Mutex::default(),
            places: Arc::new(Semaphore::new(8)),
            room: Semaphore::new(1000),
            begun: AtomicUsize::new(0),
        })
    }
}

impl Service for Echo {
    type Place = tokio::sync::OwnedSemaphorePermit;

    fn place(&self, _: IpAddr) -> Option<Self::Place> {
        self.places.clone().try_acquire_owned().ok()
    }

    async fn admit(&self, key: PublicKey) -> bool {
        self.admitted.contains(&key)
    }

    async fn answer(&self, caller: Caller, mut stream: Stream) {
        self.callers.lock().unwrap().push(caller);
        self.begun.fetch_add(1, Ordering::SeqCst);
        let mut told = Vec::new();
        if stream.read_to_end(&mut told).await.is_err() {
            return;
        }
        let _place = self.room.acquire().await.unwrap();
        let _ = stream.write_all(&told).await;
        let _ = stream.shutdown().await;
    }
}

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Running {
    async fn stop(self) {
        drop(self.stop);
        self.task.await.unwrap();
    }
}

fn listen_at(address: SocketAddr, key: &PartyKey, limits: ChannelLimits, service: &Arc<Echo>) -> Running {
    let listener = Listener::bind(address, key, limits).unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let service = service.clone();
    let task = tokio::spawn(listener.serve(service, async move { drop(stopped.await) }));
    Running { address, stop, task }
}

fn listen(key: &PartyKey, service: &Arc<Echo>) -> Running {
    listen_at(HERE, key, limits(), service)
}

async fn say(stream: &mut Stream, text: &[u8]) -> std::io::Result<Vec<u8>> {
    stream.write_all(text).await?;
    stream.shutdown().await?;
    let mut told = Vec::new();
    stream.read_to_end(&mut told).await?;
    Ok(told)
}

async fn ask(dialer: &Dialer, miner: &PartyKey, address: SocketAddr, text: &[u8]) -> (bool, Vec<u8>) {
    let mut opened = dialer.open(&miner.public(), address).await.unwrap();
    (opened.kept, say(&mut opened.stream, text).await.unwrap())
}

/// QUIC without the exchange of keys.
fn bare_client() -> Endpoint {
    let mut endpoint = Endpoint::client(HERE).unwrap();
    let mut config = ClientConfig::new(Arc::new(tls::client().unwrap()));
    config.transport_config(limits().dialer());
    endpoint.set_default_client_config(config);
    endpoint
}

fn bare_server() -> Endpoint {
    let mut config = ServerConfig::with_crypto(Arc::new(tls::server().unwrap()));
    config.transport_config(limits().listener());
    Endpoint::server(config, HERE).unwrap()
}

fn exporter(connection: &Connection) -> [u8; 32] {
    let mut bytes = [0; 32];
    connection.export_keying_material(&mut bytes, EXPORTER_LABEL, &[]).unwrap();
    bytes
}

/// Whether the miner has closed a connection because it does not accept the caller.
async fn is_refused(connection: &Connection) -> bool {
    matches!(connection.closed().await, ConnectionError::ApplicationClosed(why) if why.error_code == VarInt::from_u32(2))
}

#[tokio::test(flavor = "multi_thread")]
async fn both_ends_know_each_other() {
    let (validator, miner) = (PartyKey::generate(), PartyKey::generate());
    let echo = Echo::of(&[&validator]);
    let running = listen(&miner, &echo);
    let dialer = Dialer::new(&validator, limits()).unwrap();
    assert_eq!(ask(&dialer, &miner, running.address, b"one").await, (false, b"one".to_vec()));
    // More than the windows of a stream and of a connection.
    let long = vec![0xa5; 3 << 20];
    assert_eq!(ask(&dialer, &miner, running.address, &long).await, (true, long));
    let callers: Vec<_> = echo.callers.lock().unwrap().iter().map(|caller| caller.key).collect();
    assert_eq!((callers, dialer.kept_connections()), (vec![validator.public(); 2], 1));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_of_another_key_is_not_asked() {
    let (validator, miner, meant) = (PartyKey::generate(), PartyKey::generate(), PartyKey::generate());
    let echo = Echo::of(&[&validator]);
    let running = listen(&miner, &echo);
    let dialer = Dialer::new(&validator, limits()).unwrap();
    // The miner refuses: the signature is for another miner.
    let error = dialer.open(&meant.public(), running.address).await.err().unwrap();
    assert!(matches!(error, ChannelError::Connection(_)), "{error}");

    // One that takes any signature, and shows its own key, or the meant one with a signature of its own.
    for claimed in [miner.public(), meant.public()] {
        let server = bare_server();
        let address = server.local_addr().unwrap();
        let key = miner.clone();
        let task = tokio::spawn(async move {
            let connection = server.accept().await.unwrap().await.unwrap();
            let (mut send, mut receive) = connection.accept_bi().await.unwrap();
            let hello = receive.read_to_end(96).await.unwrap();
            let validator = PublicKey(hello[..32].try_into().unwrap());
            let binding = ChannelBinding { exporter: exporter(&connection), validator, miner: claimed };
            let signature = binding.sign(ChannelRole::Miner, &key);
            send.write_all(&[&claimed.0[..], &signature.0].concat()).await.unwrap();
            send.finish().unwrap();
            // No further stream comes.
            connection.accept_bi().await.map(drop).unwrap_err()
        });
        let error = dialer.open(&meant.public(), address).await.err().unwrap();
        match error {
            ChannelError::OtherKey { got, .. } => assert_eq!((got, claimed), (miner.public(), miner.public())),
            ChannelError::Forged { key } => assert_eq!((key, claimed), (meant.public(), meant.public())),
            other => panic!("{other}"),
        }
        assert!(matches!(task.await.unwrap(), ConnectionError::ApplicationClosed(_)));
    }
    assert_eq!((echo.begun.load(Ordering::SeqCst), dialer.kept_connections()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_must_be_admitted_and_have_its_key() {
    let (validator, stranger, miner) = (PartyKey::generate(), PartyKey::generate(), PartyKey::generate());
    let echo = Echo::of(&[&validator]);
    let running = listen(&miner, &echo);
    let strange = Dialer::new(&stranger, limits()).unwrap();
    let error = strange.open(&miner.public(), running.address).await.err().unwrap();
    assert!(matches!(error, ChannelError::Connection(ConnectionError::ApplicationClosed(_))), "{error}");

    let client = bare_client();
    let connect = || async { client.connect(running.address, "vouch").unwrap().await.unwrap() };
    // The validator's key with a signature of the stranger; the validator's own one of another session; bytes; too many.
    let other = connect().await;
    let binding = |connection: &Connection| ChannelBinding {
        exporter: exporter(connection),
        validator: validator.public(),
        miner: miner.public(),
    };
    let old = binding(&other).sign(ChannelRole::Validator, &validator);
    let key = validator.public().0;
    for case in 0..5 {
        let connection = connect().await;
        let (mut send, _receive) = connection.open_bi().await.unwrap();
        let bytes = match case {
            0 => [&key[..], &binding(&connection).sign(ChannelRole::Validator, &stranger).0].concat(),
            1 => [&key[..], &old.0].concat(),
            2 => vec![0xff; 96],
            3 => vec![7; 5],
            _ => [&key[..], &binding(&connection).sign(ChannelRole::Validator, &validator).0, &[0]].concat(),
        };
        send.write_all(&bytes).await.unwrap();
        send.finish().unwrap();
        assert!(is_refused(&connection).await, "{case}");
    }
    assert_eq!(echo.begun.load(Ordering::SeqCst), 0);
    // The same, done right, is accepted: what was refused is what was wrong.
    hello::call(&other, &validator, &miner.public()).await.unwrap();
}

/// Somebody on the path, who has a session with each end and passes everything on.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_can_sit_between() {
    let (validator, miner, accomplice) = (PartyKey::generate(), PartyKey::generate(), PartyKey::generate());
    let echo = Echo::of(&[&validator, &accomplice]);
    let running = listen(&miner, &echo);
    let (server, client) = (bare_server(), bare_client());
    let address = server.local_addr().unwrap();
    let (there, keys) = (running.address, (accomplice.clone(), miner.public()));
    let relay = tokio::spawn(async move {
        // What the validator says is passed on as it is.
        let caller = server.accept().await.unwrap().await.unwrap();
        let (_send, mut receive) = caller.accept_bi().await.unwrap();
        let hello = receive.read_to_end(96).await.unwrap();
        let called = client.connect(there, "vouch").unwrap().await.unwrap();
        assert_ne!(exporter(&caller), exporter(&called));
        let (mut send, _receive) = called.open_bi().await.unwrap();
        send.write_all(&hello).await.unwrap();
        send.finish().unwrap();
        let refused = is_refused(&called).await;
        caller.close(VarInt::from_u32(2), b"");

        // As a validator of its own it gets the miner's signature, and passes that on.
        let caller = server.accept().await.unwrap().await.unwrap();
        let (mut answer, mut receive) = caller.accept_bi().await.unwrap();
        receive.read_to_end(96).await.unwrap();
        let called = client.connect(there, "vouch").unwrap().await.unwrap();
        let (accomplice, miner) = keys;
        let binding = ChannelBinding { exporter: exporter(&called), validator: accomplice.public(), miner };
        let (mut send, mut receive) = called.open_bi().await.unwrap();
        let signature = binding.sign(ChannelRole::Validator, &accomplice);
        send.write_all(&[&accomplice.public().0[..], &signature.0].concat()).await.unwrap();
        send.finish().unwrap();
        let hello = receive.read_to_end(96).await.unwrap();
        assert_eq!(hello[..32], miner.0);
        answer.write_all(&hello).await.unwrap();
        answer.finish().unwrap();
        caller.closed().await;
        refused
    });
    let dialer = Dialer::new(&validator, limits()).unwrap();
    let error = dialer.open(&miner.public(), address).await.err().unwrap();
    assert!(matches!(error, ChannelError::Connection(_)), "{error}");
    let error = dialer.open(&miner.public(), address).await.err().unwrap();
    assert!(matches!(error, ChannelError::Forged { key } if key == miner.public()), "{error}");
    assert!(relay.await.unwrap(), "the miner refuses a signature that was passed on");
    assert_eq!(echo.begun.load(Ordering::SeqCst), 0);
    // Past the one in the middle, both ends accept each other.
    assert_eq!(ask(&dialer, &miner, running.address, b"x").await.1, b"x");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_protocols_are_refused() {
    let (validator, miner) = (PartyKey::generate(), PartyKey::generate());
    let echo = Echo::of(&[&validator]);
    let running = listen(&miner, &echo);
    let mut endpoint = Endpoint::client(HERE).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider);
    let builder = builder.with_protocol_versions(&[&rustls::version::TLS13]).unwrap();
    let mut config = builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
    config.alpn_protocols = vec![b"h3".to_vec()];
    let crypto = quinn::crypto::rustls::QuicClientConfig::try_from(config).unwrap();
    endpoint.set_default_client_config(ClientConfig::new(Arc::new(crypto)));
    let error = endpoint.connect(running.address, "vouch").unwrap().await.unwrap_err();
    // The alert `no_application_protocol`.
    assert!(error.to_string().contains("error 120"), "{error}");
}

/// A caller that says nothing is let go, and its place is free again.
#[tokio::test(flavor = "multi_thread")]
async fn silent_callers_cost_a_bounded_time() {
    let (validator, miner) = (PartyKey::generate(), PartyKey::generate());
    let echo = Echo::of(&[&validator]);
    let short = ChannelLimits { handshake: Duration::from_secs(2), ..limits() };
    echo.places.acquire_many(6).await.unwrap().forget();
    let running = listen_at(HERE, &miner, short, &echo);
    let client = bare_client();
    let mut silent = Vec::new();
    for _ in 0..2 {
        silent.push(client.connect(running.address, "vouch").unwrap().await.unwrap());
    }
    let refused = client.connect(running.address, "vouch").unwrap().await.unwrap_err();
    assert!(matches!(refused, ConnectionError::ConnectionClosed(_)), "{refused}");
    let start = Instant::now();
    for connection in &silent {
        connection.closed().await;
    }
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    let dialer = Dialer::new(&validator, limits()).unwrap();
    while echo.places.available_permits() < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(ask(&dialer, &miner, running.address, b"x").await.1, b"x");
}

/// A miner that does not answer, does not show its key, or falls silent.
#[tokio::test(flavor = "multi_thread")]
async fn dead_miners_cost_a_bounded_time() {
    let (validator, miner) = (PartyKey::generate(), PartyKey::generate());
    let short = ChannelLimits { handshake: Duration::from_millis(500), ..limits() };
    let dialer = Dialer::new(&validator, short).unwrap();
    let nobody = std::net::UdpSocket::bind(HERE).unwrap();
    let mute = bare_server();
    let there = mute.local_addr().unwrap();
    let held = tokio::spawn(async move {
        let connection = mute.accept().await.unwrap().await.unwrap();
        connection.closed().await;
    });
    for address in [nobody.local_addr().unwrap(), there] {
        let start = Instant::now();
        let error = dialer.open(&miner.public(), address).await.err().unwrap();
        assert!(matches!(error, ChannelError::Late { limit_ms: 500 }), "{error}");
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    }
    held.await.unwrap();
}

/// A miner that is killed and started anew has nothing to say goodbye with. Its callers know at once nevertheless.
#[test]
fn a_miner_that_was_killed_is_found_again() {
    let (validator, miner) = (PartyKey::generate(), PartyKey::generate());
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let own = runtime();
    let long = ChannelLimits { silence: Duration::from_secs(60), ..limits() };
    let start = |address| {
        let runtime = runtime();
        let entered = runtime.enter();
        let address = listen_at(address, &miner, long, &Echo::of(&[&validator]));
        drop(entered);
        (runtime, address)
    };
    let (first, running) = start(HERE);
    let address = running.address;
    let dialer = own.block_on(async { Dialer::new(&validator, long).unwrap() });
    assert_eq!(own.block_on(ask(&dialer, &miner, address, b"one")), (false, b"one".to_vec()));
    first.shutdown_timeout(Duration::from_secs(5));
    let (_second, _running) = start(address);
    own.block_on(async {
        let began = Instant::now();
        let mut opened = dialer.open(&miner.public(), address).await.unwrap();
        assert!(opened.kept);
        say(&mut opened.stream, b"two").await.unwrap_err();
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        assert_eq!(ask(&dialer, &miner, address, b"two").await, (false, b"two".to_vec()));
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_way_is_finished_at_a_stop() {
    let (validator, miner) = (PartyKey::generate(), PartyKey::generate());
    let echo = Echo::of(&[&validator]);
    let taken = echo.room.acquire_many(1000).await.unwrap();
    let running = listen(&miner, &echo);
    let dialer = Arc::new(Dialer::new(&validator, limits()).unwrap());
    let (asking, key, address) = (dialer.clone(), miner.clone(), running.address);
    let asked = tokio::spawn(async move { ask(&asking, &key, address, b"late").await });
    while echo.begun.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let stopping = tokio::spawn(running.stop());
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!stopping.is_finished());
    drop(taken);
    assert_eq!(asked.await.unwrap().1, b"late");
    let start = Instant::now();
    stopping.await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    // Its address is free, and the next one is found.
    let again = listen_at(address, &miner, limits(), &Echo::of(&[&validator]));
    assert_eq!(ask(&dialer, &miner, again.address, b"x").await, (false, b"x".to_vec()));
}

/// One that asks for nothing is not kept, by either end.
#[tokio::test(flavor = "multi_thread")]
async fn connections_that_rest_are_closed() {
    let (validator, miner) = (PartyKey::generate(), PartyKey::generate());
    let echo = Echo::of(&[&validator]);
    let short = ChannelLimits { rest: Duration::from_millis(600), ..limits() };
    let running = listen_at(HERE, &miner, short, &echo);
    // This end would keep it.
    let dialer = Dialer::new(&validator, limits()).unwrap();
    ask(&dialer, &miner, running.address, b"x").await;
    assert_eq!(echo.places.available_permits(), 7);
    let start = Instant::now();
    while echo.places.available_permits() < 8 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    assert_eq!(ask(&dialer, &miner, running.address, b"y").await, (false, b"y".to_vec()));
    // And this one does not.
    let dialer = Dialer::new(&validator, ChannelLimits { connections: 1, ..short }).unwrap();
    ask(&dialer, &miner, running.address, b"x").await;
    tokio::time::sleep(short.rest).await;
    assert!(!ask(&dialer, &miner, running.address, b"x").await.0);

    // It keeps as many as it may: the one that rested longest goes.
    let other = PartyKey::generate();
    let second = listen(&other, &echo);
    ask(&dialer, &other, second.address, b"x").await;
    assert_eq!(dialer.kept_connections(), 1);
    // A miner at another address is asked there.
    let moved = listen(&other, &echo);
    assert_eq!(ask(&dialer, &other, moved.address, b"x").await, (false, b"x".to_vec()));
}

/// More streams than granted wait; they take nothing of the miner's.
#[tokio::test(flavor = "multi_thread")]
async fn streams_are_limited() {
    let (validator, miner) = (PartyKey::generate(), PartyKey::generate());
    let echo = Echo::of(&[&validator]);
    let running = listen(&miner, &echo);
    let dialer = Dialer::new(&validator, ChannelLimits { handshake: Duration::from_millis(500), ..limits() }).unwrap();
    let mut open = Vec::new();
    let error = loop {
        match dialer.open(&miner.public(), running.address).await {
            Ok(mut opened) => {
                opened.stream.write_all(b"x").await.unwrap();
                open.push(opened);
            }
            Err(error) => break error,
        }
        assert!(open.len() <= 16);
    };
    assert!(matches!(error, ChannelError::Late { .. }), "{error}");
    // The first stream of all, on which the keys were shown, may still count.
    assert!((15..=16).contains(&open.len()), "{}", open.len());
    drop(open);
    let again = async {
        while dialer.open(&miner.public(), running.address).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), again).await.unwrap();
}
