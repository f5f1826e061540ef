//! What a validator serves of the deposit contract, on a real chain (anvil, of the packages of `contracts`).

use std::time::Duration;

use serde_json::json;
use vouch_api::{AccountDeposits, DepositEvent, DepositsConfig, Health, paths};
use vouch_deposits::{Address, U256};

use crate::support::deposits::{ask, path, refused};
use crate::support::local_chain::LocalChain;
use crate::support::{Net, get};

const STRANGER: &str = "0x00000000000000000000000000000000DeaDBeef";

fn ether(tenths: u64) -> U256 {
    U256::from(tenths) * U256::from(10).pow(U256::from(17))
}

/// An account's deposits, once the validator's copy is as wished.
async fn until(url: &str, account: Address, wished: impl Fn(&AccountDeposits) -> bool) -> AccountDeposits {
    let mut last = String::new();
    for _ in 0..200 {
        let answer = reqwest::get(format!("{url}{}", path(account))).await.unwrap();
        last = answer.text().await.unwrap();
        if let Ok(deposits) = serde_json::from_str::<AccountDeposits>(&last)
            && wished(&deposits)
        {
            return deposits;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("not as wished after 10 s: {last}");
}

async fn deposits_part(url: &str) -> (bool, String) {
    let answer = reqwest::get(format!("{url}/health")).await.unwrap();
    let health: Health = answer.json().await.unwrap();
    let part = health.parts.into_iter().find(|part| part.name == "deposits").expect("deposits are a part of health");
    (part.ok, part.detail)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs anvil: cargo xtask test --only contracts"]
async fn an_account_is_what_the_contract_says_and_follows_it() {
    let chain = LocalChain::start();
    let net = Net::new();
    let validator = net.validator(|settings| chain.configure(settings)).await;
    let (url, made) = (&validator.url, &chain.made);
    let (weth, restaked) = (made.tokens[0].address, made.tokens[1].address);

    let config: DepositsConfig = get(url, paths::DEPOSITS).await;
    let contract = made.contract.to_checksum(None);
    assert_eq!((config.contract.as_deref(), config.chain_id), (Some(contract.as_str()), Some(31_337)));
    assert_eq!((config.first_block, config.rpc_url.as_deref()), (made.first_block, Some(paths::DEPOSITS_RPC)));

    let seen = until(url, made.account, |seen| seen.current).await;
    assert_eq!(seen.account, made.account.to_checksum(None));
    assert_eq!((seen.contract.contract, seen.contract.chain_id), (contract, 31_337));
    let symbols: Vec<_> = seen.contract.tokens.iter().filter_map(|token| token.symbol.as_deref()).collect();
    assert_eq!(symbols, ["WETH", "rETH.test"]);
    let points = chain.points(made.account, seen.block.number).await;
    assert_eq!((seen.points, points > U256::ZERO), (points.to_string(), true), "points at the same block");
    // 1.5 and 12.5 whole tokens.
    assert_eq!(seen.points_per_hour, ether(140).to_string());
    let mut balances: Vec<_> = seen.balances.into_iter().map(|balance| (balance.token, balance.units)).collect();
    let mut expected = [(weth, ether(15)), (restaked, ether(125))].map(|(t, u)| (t.to_checksum(None), u.to_string()));
    balances.sort();
    expected.sort();
    assert_eq!(balances, expected);
    assert_eq!((seen.history_total, seen.history.len()), (3, 3));
    let newest = seen.history.first().map(|entry| entry.event.clone());
    let [weth, account] = [weth, made.account].map(|address| address.to_checksum(None));
    let (units, balance) = (ether(5).to_string(), ether(15).to_string());
    let withdrawn = DepositEvent::Withdrawn { token: weth, units: units.clone(), paid: units, to: account, balance };
    assert_eq!(newest, Some(withdrawn), "the newest first");

    // In pages: the newest, then what was before it.
    let first: AccountDeposits = get(url, &(path(made.account) + "?limit=1")).await;
    let block = first.history[0].block.number;
    assert_eq!((first.history.len(), first.history_total), (1, 3));
    let index = first.history[0].log_index;
    let rest: AccountDeposits =
        get(url, &format!("{}?before_block={block}&before_index={index}", path(made.account))).await;
    assert_eq!(rest.history, seen.history[1..]);

    // Another account deposits now.
    let stranger = until(url, made.newcomer, |_| true).await;
    assert_eq!((stranger.points.as_str(), stranger.history_total, stranger.balances.len()), ("0", 0, 0));
    chain.deposit(made.newcomer, restaked, ether(25)).await;
    let seen = until(url, made.newcomer, |seen| seen.history_total == 1).await;
    assert_eq!(seen.balances[0].units, ether(25).to_string());
    assert_eq!(seen.points, chain.points(made.newcomer, seen.block.number).await.to_string());
    assert!(!seen.history[0].confirmed, "two blocks on top make it final");
    chain.rpc("anvil_mine", json!(["0x2", "0xe10"])).await;
    let seen = until(url, made.newcomer, |seen| seen.history[0].confirmed).await;
    let points = chain.points(made.newcomer, seen.block.number).await;
    assert_eq!(seen.points, points.to_string(), "after two hours, computed from the event");
    assert!(points >= ether(25), "{points}");
    assert!(deposits_part(url).await.0);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs anvil: cargo xtask test --only contracts"]
async fn what_is_no_account_is_refused_with_the_reason() {
    let chain = LocalChain::start();
    let net = Net::new();
    let validator = net.validator(|settings| chain.configure(settings)).await;
    let url = &validator.url;
    until(url, chain.made.account, |seen| seen.current).await;
    let account = chain.made.account.to_checksum(None);
    let wrong = account.replace('C', "c");
    let cases = [
        (account[2..].to_owned(), "an address starts with 0x"),
        (account[..41].to_owned(), "40 hexadecimal digits after 0x, this has 39"),
        (account.replacen("3C", "3G", 1), "`G` is not a hexadecimal digit (character 4)"),
        (wrong, "the checksum of the address is wrong"),
        (Address::ZERO.to_string(), "the zero address belongs to nobody"),
        ("%F0%9F%A6%80".to_owned(), "an address starts with 0x"),
    ];
    for (text, why) in cases {
        let (status, detail) = refused(url, &path(&text)).await;
        assert!(status == 422 && detail.contains(why), "{text}: {status} {detail}");
    }
    for limit in ["-1", "1001", "4294967295"] {
        assert_eq!(refused(url, &(path(&account) + "?limit=" + limit)).await.0, 400, "{limit}");
    }
    let lower: AccountDeposits = get(url, &path(account.to_lowercase())).await;
    assert_eq!(lower.account, account, "without checksum it is taken, and answered with");
    let many: AccountDeposits = get(url, &(path(&account) + "?limit=1000&before_block=9007199254740991")).await;
    assert_eq!(many.history.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs anvil: cargo xtask test --only contracts"]
async fn the_pages_questions_reach_the_chain() {
    let chain = LocalChain::start();
    let net = Net::new();
    let validator = net.validator(|settings| chain.configure(settings)).await;
    let (url, made) = (&validator.url, &chain.made);
    let (status, answer) = ask(url, &json!({ "id": "a", "method": "eth_chainId" })).await;
    assert_eq!((status, answer), (200, json!({ "jsonrpc": "2.0", "id": "a", "result": "0x7a69" })));
    let block = made.first_block + 3;
    let question = json!([chain.points_question(made.account), format!("{block:#x}")]);
    let (_, answer) = ask(url, &json!({ "method": "eth_call", "params": question })).await;
    let points: U256 = answer["result"].as_str().unwrap().parse().unwrap();
    assert_eq!(points, chain.points(made.account, block).await);
    let logs =
        |contract: Address| json!({ "method": "eth_getLogs", "params": [{ "address": contract, "fromBlock": "0x0" }] });
    let (_, answer) = ask(url, &logs(made.contract)).await;
    assert!(answer["result"].as_array().unwrap().len() > 3, "{answer}");
    assert_eq!(ask(url, &logs(made.tokens[0].address)).await.0, 403, "logs of another contract");
    let nobody: Address = STRANGER.parse().unwrap();
    let withdraw = json!({ "to": made.contract, "from": nobody, "data": "0xffffffff" });
    let (status, answer) = ask(url, &json!({ "method": "eth_call", "params": [withdraw, "latest"] })).await;
    assert_eq!(
        (status, answer["error"]["message"].is_string()),
        (200, true),
        "a call that reverts is an answer: {answer}"
    );
    for method in ["eth_sendRawTransaction", "eth_sendTransaction", "eth_accounts", "anvil_mine", "evm_mine"] {
        assert_eq!(ask(url, &json!({ "method": method, "params": [] })).await.0, 403, "{method}");
    }
    assert_eq!(ask(url, &json!([{ "method": "eth_chainId" }])).await.0, 400, "a list of questions");
    let long = json!({ "method": "eth_call", "params": ["x".repeat(20_000)] });
    assert_eq!(ask(url, &long).await.0, 413);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs anvil: cargo xtask test --only contracts"]
async fn a_chain_that_goes_away_is_said_and_what_was_read_stays() {
    let chain = LocalChain::start();
    let net = Net::new();
    let validator = net.validator(|settings| chain.configure(settings)).await;
    let (url, account) = (&validator.url, chain.made.account);
    let before = until(url, account, |seen| seen.current).await;
    let first_block = chain.made.first_block;
    drop(chain);
    let after = until(url, account, |seen| !seen.current).await;
    assert_eq!((after.points, after.history), (before.points, before.history));
    let (ok, detail) = deposits_part(url).await;
    assert!(!ok && detail.starts_with("block "), "{detail}");
    let (status, answer) = ask(url, &json!({ "method": "eth_chainId" })).await;
    assert_eq!(
        (status, answer["detail"].as_str()),
        (503, Some("no connection")),
        "502 and 504 would say that the validator is away"
    );
    validator.stop().await;
    // Started anew, it knows what it had read.
    let again = net
        .validator(|settings| {
            settings.deposits.contract = Some(after.contract.contract.clone());
            settings.deposits.chain_id = Some(after.contract.chain_id);
            settings.deposits.rpc_url = Some("http://127.0.0.1:9".into());
            settings.deposits.first_block = first_block;
            settings.deposits.confirmations = after.contract.confirmations;
        })
        .await;
    let kept = until(&again.url, account, |_| true).await;
    assert_eq!((kept.block, kept.current), (after.block, false));
}
