//! The page's files, as they are given.

use std::fs;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;

use super::Web;

/// The folder that they are kept in.
const FOLDER: &str = "src/serve/door/web/page";

/// Whoever takes gzip gets every file so, and all others as it is; both are the same.
#[test]
fn every_file_is_given_as_it_is() {
    let web = Web::start(&[]);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER);
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let text = fs::read(entry.path()).unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("/{}", if name == "index.html" { "" } else { &name });
        let plain = web.gets(&path, "");
        assert_eq!((plain.status.as_str(), &plain.body), ("200 OK", &text), "{path}");
        assert!(!plain.has("Content-Encoding"));
        let packed = web.gets(&path, "Accept-Encoding: gzip, deflate, br\r\n");
        assert_eq!(packed.field("Content-Encoding"), "gzip");
        let mut unpacked = Vec::new();
        GzDecoder::new(packed.body.as_slice()).read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, text, "{path}");
        for response in [plain, packed] {
            assert_eq!(response.field("Content-Length"), response.body.len().to_string());
            assert_eq!(response.field("Vary"), "Accept-Encoding");
        }
        count += 1;
    }
    assert!(count >= 3, "{count} files");
}

/// What every answer says to a browser: OWASP's list of secure headers, as far as it goes for a page
/// without TLS.
#[test]
fn a_browser_is_told_to_take_nothing_else() {
    let web = Web::start(&[]);
    for path in ["/", "/chat.js", "/chat.css", "/ws", "/nowhere"] {
        let response = web.gets(path, "");
        assert_eq!(response.field("X-Content-Type-Options"), "nosniff", "{path}");
        assert_eq!(response.field("Referrer-Policy"), "no-referrer");
        assert_eq!(response.field("Cross-Origin-Resource-Policy"), "same-origin");
        let policy = response.field("Content-Security-Policy");
        let rules: Vec<&str> = policy.split("; ").collect();
        for rule in ["default-src 'none'", "frame-ancestors 'none'"] {
            assert!(rules.contains(&rule), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    }
    let page = web.gets("/", "");
    assert_eq!(page.field("Content-Type"), "text/html; charset=utf-8");
    let policy = page.field("Content-Security-Policy");
    for rule in [
        "script-src 'self'",
        "style-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
        &format!("connect-src 'self' ws://127.0.0.1:{0} wss://127.0.0.1:{0}", web.port),
    ] {
        assert!(policy.split("; ").any(|other| other == rule), "{rule}: {policy}");
    }
}

#[test]
fn what_is_not_given() {
    let web = Web::start(&[]);
    for path in ["/nowhere", "/page", "/../Cargo.toml", "/index.htm", "//", "/chat.js/"] {
        let response = web.gets(path, "");
        assert_eq!(response.status, "404 Not Found", "{path}");
    }
    assert_eq!(web.gets("/?from=a+link", "").status, "200 OK");
    let asks = |line: &str| web.asks(&format!("{line}\r\nHost: localhost\r\n"));
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get"] {
        let response = asks(&format!("{method} / HTTP/1.1"));
        assert_eq!(response.status, "405 Method Not Allowed", "{method}");
        assert_eq!(response.field("Allow"), "GET, HEAD");
    }
    let head = asks("HEAD / HTTP/1.1");
    assert_eq!((head.status.as_str(), head.body.len()), ("200 OK", 0));
    assert_eq!(head.field("Content-Length"), web.gets("/", "").field("Content-Length"));
    let nowhere = asks("HEAD /nowhere HTTP/1.1");
    assert_eq!((nowhere.status.as_str(), nowhere.body.len()), ("404 Not Found", 0));
    for target in ["http://localhost/", "*", "localhost:80", "chat.js"] {
        let response = asks(&format!("GET {target} HTTP/1.1"));
        assert_eq!(response.status, "400 Bad Request", "{target}");
    }
}

/// Nobody who asks for the page is a member, and what they send is not said.
#[test]
fn who_asks_for_the_page_is_no_member() {
    let web = Web::start(&[]);
    let mut ann = web.server.member();
    let body = "Content-Length: 12\r\n";
    assert_eq!(web.gets("/", body).status, "200 OK");
    let mut peer = web.peer();
    peer.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 13\r\n\r\n아무 말\n\n");
    assert!(peer.rest().starts_with("HTTP/1.1 405 "));
    let mut page = web.member();
    assert_eq!(ann.line(), format!("> New user {} entered (2 users online)", page.addr()));
    page.send("안녕\n");
    assert_eq!(ann.line(), format!("[{}] 안녕", page.addr()));
}
