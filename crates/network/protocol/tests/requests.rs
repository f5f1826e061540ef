//! Signed requests and key files.
#![allow(missing_docs)]

use std::collections::HashMap;

use vouch_protocol::{
    HEADER_EXPIRES, HEADER_KEY, HEADER_NONCE, HEADER_SIGNATURE, KeyFileError, MAX_VALIDITY_MS, PartyKey, PublicKey,
    SignatureError, SignedHeaders, sign, verify,
};

const NOW: u64 = 1_700_000_000_000;
const PATH: &str = "/v1/prove?a=b";

#[test]
fn a_signature_covers_everything() {
    let (caller, recipient, other) = (PartyKey::generate(), PartyKey::generate(), PartyKey::generate());
    let to = recipient.public();
    let headers = sign(&caller, &to, "POST", PATH, b"body", NOW + 1000);
    let check = |h: &SignedHeaders, to: &PublicKey, method: &str, path: &str, body: &[u8]| {
        verify(h, to, method, path, body, NOW)
    };
    assert_eq!(check(&headers, &to, "POST", PATH, b"body"), Ok(()));
    let forged = Err(SignatureError::Forged);
    assert_eq!(check(&headers, &to, "GET", PATH, b"body"), forged);
    assert_eq!(check(&headers, &to, "POST", "/v1/prove?a=c", b"body"), forged);
    assert_eq!(check(&headers, &to, "POST", PATH, b"bodY"), forged);
    assert_eq!(check(&headers, &other.public(), "POST", PATH, b"body"), forged);
    assert_eq!(check(&SignedHeaders { key: other.public(), ..headers }, &to, "POST", PATH, b"body"), forged);
    assert_eq!(check(&SignedHeaders { nonce: [0; 16], ..headers }, &to, "POST", PATH, b"body"), forged);
    assert_eq!(check(&SignedHeaders { expires_ms: NOW + 1001, ..headers }, &to, "POST", PATH, b"body"), forged);
    // Moving a byte from one part to the next is another message.
    assert_eq!(check(&headers, &to, "POS", "T/v1/prove?a=b", b"body"), forged);
    let mut broken = headers;
    broken.signature.0[40] ^= 1;
    assert_eq!(check(&broken, &to, "POST", PATH, b"body"), forged);
    assert_ne!(sign(&caller, &to, "POST", PATH, b"body", NOW + 1000).nonce, headers.nonce);
}

#[test]
fn a_request_is_valid_for_a_short_time() {
    let (caller, to) = (PartyKey::generate(), PartyKey::generate().public());
    let at = |expires| verify(&sign(&caller, &to, "GET", "/", b"", expires), &to, "GET", "/", b"", NOW);
    assert_eq!(at(NOW), Err(SignatureError::Expired { expires_ms: NOW, now_ms: NOW }));
    assert_eq!(at(NOW + 1), Ok(()));
    assert_eq!(at(NOW + MAX_VALIDITY_MS), Ok(()));
    assert!(matches!(at(NOW + MAX_VALIDITY_MS + 1), Err(SignatureError::TooFar { .. })));
    assert!(matches!(at(u64::MAX), Err(SignatureError::TooFar { .. })));
}

#[test]
fn headers_are_read_strictly() {
    let headers = sign(&PartyKey::generate(), &PartyKey::generate().public(), "GET", "/", b"", NOW);
    let map: HashMap<&str, String> = headers.to_pairs().into_iter().collect();
    let parse = |map: &HashMap<&str, String>| SignedHeaders::parse(|name| map.get(name).map(String::as_str));
    assert_eq!(parse(&map), Ok(headers));
    for name in [HEADER_KEY, HEADER_NONCE, HEADER_EXPIRES, HEADER_SIGNATURE] {
        let mut without = map.clone();
        without.remove(name);
        assert_eq!(parse(&without), Err(SignatureError::Header { name }));
        let mut wrong = map.clone();
        wrong.insert(name, format!("+{}", map[name]));
        assert_eq!(parse(&wrong), Err(SignatureError::Header { name }));
    }
}

#[test]
fn key_files_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let dir = std::env::temp_dir().join(format!("vouch-keys-{}", std::process::id()));
    let path = dir.join("keys/miner.key");
    let key = PartyKey::load_or_create(&path).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(PartyKey::load(&path).unwrap().public(), key.public());
    assert!(matches!(PartyKey::generate().save(&path), Err(KeyFileError::File { .. })), "never replaced");
    assert_eq!(PartyKey::load_or_create(&path).unwrap().public(), key.public());
    let secret = std::fs::read_to_string(&path).unwrap();
    assert!(!format!("{key:?}").contains(secret.split(' ').nth(1).unwrap().trim()));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(PartyKey::load(&path), Err(KeyFileError::Permissions { mode: 0o640, .. })));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&path, "secret").unwrap();
    assert!(matches!(PartyKey::load(&path), Err(KeyFileError::Format { .. })));
    std::fs::remove_dir_all(&dir).unwrap();
}
