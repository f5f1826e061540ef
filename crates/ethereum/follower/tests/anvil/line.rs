//! A line to a chain's node that can be disturbed, request by request.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What is wrong with the line.
#[derive(Debug, Clone, PartialEq)]
pub enum Trouble {
    None,
    /// Connections are closed without an answer.
    Down,
    /// Every request is answered with this status, `Retry-After` of a second, and an error of JSON-RPC.
    Status(u16),
    /// The answer is this text.
    Text(&'static str),
    /// There is no answer.
    Silence,
    /// More blocks than this are refused by `eth_getLogs`.
    Range(u64),
    /// Logs are left out of answers of `eth_getLogs` by range.
    Forgetful,
}

struct State {
    target: String,
    trouble: Trouble,
    requests: usize,
}

pub struct Line {
    pub url: String,
    state: Arc<Mutex<State>>,
}

impl Line {
    pub async fn to(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = State { target: target.to_owned(), trouble: Trouble::None, requests: 0 };
        let state = Arc::new(Mutex::new(state));
        let shared = state.clone();
        tokio::spawn(async move {
            let client = reqwest::Client::new();
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, client.clone(), shared.clone()));
            }
        });
        Self { url, state }
    }

    pub fn set(&self, trouble: Trouble) {
        self.state.lock().unwrap().trouble = trouble;
    }

    pub fn redirect(&self, target: &str) {
        self.state.lock().unwrap().target = target.to_owned();
    }

    pub fn requests(&self) -> usize {
        self.state.lock().unwrap().requests
    }
}

/// One request, one answer, and the end of the connection.
async fn serve(mut stream: TcpStream, client: reqwest::Client, state: Arc<Mutex<State>>) {
    let (target, trouble) = {
        let mut state = state.lock().unwrap();
        state.requests += 1;
        (state.target.clone(), state.trouble.clone())
    };
    if trouble == Trouble::Down {
        return;
    }
    let Some(request) = read(&mut stream).await else { return };
    let (status, text) = match trouble {
        Trouble::Silence => return tokio::time::sleep(Duration::from_secs(60)).await,
        Trouble::Status(status) => {
            let error = json!({ "code": -32005, "message": "not now" });
            (status, json!({ "jsonrpc": "2.0", "id": 1, "error": error }).to_string())
        }
        Trouble::Text(text) => (200, text.to_owned()),
        Trouble::Range(most) if blocks(&request).is_some_and(|blocks| blocks > most) => {
            let error = json!({ "code": -32005, "message": "query exceeds the limit of blocks" });
            (200, json!({ "jsonrpc": "2.0", "id": 1, "error": error }).to_string())
        }
        Trouble::Forgetful if blocks(&request).is_some() => {
            (200, json!({ "jsonrpc": "2.0", "id": 1, "result": [] }).to_string())
        }
        _ => match client.post(target).json(&request).send().await {
            Ok(answer) => (200, answer.text().await.unwrap()),
            Err(_) => return,
        },
    };
    let head = format!(
        "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\nretry-after: 1\r\nconnection: close\r\n\r\n",
        text.len()
    );
    let _ = stream.write_all((head + &text).as_bytes()).await;
}

async fn read(stream: &mut TcpStream) -> Option<Value> {
    let mut text = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(length) => text.extend_from_slice(&chunk[..length]),
        }
        let end = text.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4);
        if let Some(request) = end.and_then(|end| serde_json::from_slice(&text[end..]).ok()) {
            return Some(request);
        }
    }
}

/// How many blocks `eth_getLogs` is asked for, if it is, by range.
fn blocks(request: &Value) -> Option<u64> {
    let number = |name: &str| {
        let text = request["params"][0][name].as_str()?;
        u64::from_str_radix(text.strip_prefix("0x")?, 16).ok()
    };
    (request["method"] == "eth_getLogs").then_some(())?;
    Some(number("toBlock")? - number("fromBlock")? + 1)
}
