//! Who may ask, and from where: what keeps other sites out of the room.

use super::client::handshake;
use super::{Page, Web};

/// DNS rebinding: a name of somebody else's is refused, whatever is asked for.
#[test]
fn only_own_names_are_answered() {
    let web = Web::start(&["--web-name", "Chat.example.org", "--web-name", "raum.example"]);
    let port = web.port;
    for host in [
        format!("127.0.0.1:{port}"),
        format!("[::1]:{port}"),
        "192.168.0.5".to_owned(),
        format!("localhost:{port}"),
        format!("lab-pc:{port}"),
        format!("LAB.local.:{port}"),
        "chat.example.org".to_owned(),
        "CHAT.EXAMPLE.ORG:443".to_owned(),
        format!("raum.example:{port}"),
    ] {
        let page = web.asks(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n"));
        assert_eq!(page.status, "200 OK", "{host}");
        assert_eq!(socket(&web, &host, &format!("http://{host}")), "101 Switching Protocols");
    }
    for host in [
        format!("evil.example:{port}"),
        format!("127.0.0.1.nip.io:{port}"),
        format!("example.org:{port}"),
        format!("a.chat.example.org:{port}"),
        format!("local.evil.example:{port}"),
        format!("evil@127.0.0.1:{port}"),
        "127.0.0.1:evil".to_owned(),
        "[::1".to_owned(),
        "[evil]".to_owned(),
    ] {
        let page = web.asks(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n"));
        assert_eq!(page.status, "421 Misdirected Request", "{host}");
        assert_eq!(socket(&web, &host, &format!("http://{host}")), "421 Misdirected Request");
    }
    for fields in ["", "Host: \r\nHost: localhost\r\n", "Host: localhost\r\nhost: evil.example\r\n"]
    {
        let page = web.asks(&format!("GET / HTTP/1.1\r\n{fields}"));
        assert_eq!(page.status, "400 Bad Request", "{fields:?}");
    }
}

/// Cross-site hijacking: the WebSocket is for the page of the same host and port, and for what is no
/// page. What a proxy may have added changes nothing.
#[test]
fn only_the_own_page_is_upgraded() {
    let web = Web::start(&["--web-name", "chat.example.org"]);
    // Behind a proxy that speaks TLS.
    let named = "chat.example.org";
    assert_eq!(socket(&web, named, &format!("https://{named}")), "101 Switching Protocols");
    assert_eq!(socket(&web, named, "https://chat.example.org.evil.example"), "403 Forbidden");
    let host = format!("127.0.0.1:{}", web.port);
    for origin in [format!("http://{host}"), format!("https://{host}")] {
        assert_eq!(socket(&web, &host, &origin), "101 Switching Protocols", "{origin}");
    }
    let none = handshake(web.port).replace("Origin", "X-Origin");
    assert_eq!(status(&web, &none), "101 Switching Protocols");
    for origin in [
        "null".to_owned(),
        String::new(),
        "http://evil.example".to_owned(),
        format!("http://127.0.0.1:{}", web.port - 1),
        "http://127.0.0.1".to_owned(),
        format!("http://localhost:{}", web.port),
        format!("http://{host}.evil.example"),
        format!("http://evil.example/{host}"),
        format!("http://evil@{host}"),
        format!("file://{host}"),
        host.clone(),
    ] {
        assert_eq!(socket(&web, &host, &origin), "403 Forbidden", "{origin}");
    }
    let forwarded = format!(
        "{}X-Forwarded-Host: evil.example\r\nX-Forwarded-For: 192.0.2.7\r\n\
         Forwarded: for=192.0.2.7;host=evil.example\r\n",
        handshake(web.port).replace("Origin: http://127.0.0.1", "Origin: http://evil.example")
    );
    assert_eq!(status(&web, &forwarded.replace(&web.port.to_string(), "80")), "403 Forbidden");
    let two = handshake(web.port) + "Origin: http://evil.example\r\n";
    assert_eq!(status(&web, &two), "403 Forbidden");
}

/// A member's address is that of its socket, whatever a proxy may have added.
#[test]
fn nobody_says_what_their_address_is() {
    let web = Web::start(&[]);
    let mut peer = web.peer();
    peer.send(handshake(web.port) + "X-Forwarded-For: 192.0.2.7\r\nX-Real-IP: 192.0.2.7\r\n\r\n");
    let page = Page::begin(peer);
    web.server.says(&format!("> New user {} entered (1 user online)", page.addr()));
}

/// RFC 6455, 4.2.1 and 4.4.
#[test]
fn what_is_no_handshake() {
    let web = Web::start(&[]);
    let good = handshake(web.port);
    assert_eq!(status(&web, &good), "101 Switching Protocols");
    for (what, instead) in [
        ("Upgrade: websocket\r\n", ""),
        ("Upgrade: websocket", "Upgrade: h2c"),
        ("Connection: keep-alive, Upgrade", "Connection: keep-alive"),
        (" HTTP/1.1", " HTTP/1.0"),
        ("Version: 13", "Version: 8"),
        ("Version: 13", "Version: 13, 8"),
        ("Sec-WebSocket-Version: 13\r\n", ""),
    ] {
        let response = web.asks(&good.replace(what, instead));
        assert_eq!(response.status, "426 Upgrade Required", "{what} -> {instead}");
        assert_eq!(response.field("Sec-WebSocket-Version"), "13");
        assert_eq!(response.field("Upgrade"), "websocket");
    }
    for (what, instead) in [
        ("Key: dGhlIHNhbXBsZSBub25jZQ==", "Key: dGhlIHNhbXBsZSBub25jZQ"),
        ("Key: dGhlIHNhbXBsZSBub25jZQ==", "Key: x"),
        ("Sec-WebSocket-Key", "X-Key"),
        ("Origin", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin"),
        ("Origin", "Content-Length: 5\r\nOrigin"),
        ("Origin", "Transfer-Encoding: chunked\r\nOrigin"),
    ] {
        assert_eq!(status(&web, &good.replace(what, instead)), "400 Bad Request", "{instead}");
    }
    assert_eq!(status(&web, &good.replacen("GET", "POST", 1)), "405 Method Not Allowed");
    // In any case, and in lists.
    let loud = good.replace("Upgrade: websocket", "UPGRADE: h2c, WebSocket");
    assert_eq!(status(&web, &loud), "101 Switching Protocols");
}

/// The status of an answer to a page's handshake.
fn socket(web: &Web, host: &str, origin: &str) -> String {
    let own = format!("127.0.0.1:{}", web.port);
    let head = handshake(web.port);
    let head = head.replace(&format!("Origin: http://{own}"), &format!("Origin: {origin}"));
    status(web, &head.replace(&format!("Host: {own}"), &format!("Host: {host}")))
}

fn status(web: &Web, head: &str) -> String {
    let mut peer = web.peer();
    peer.send(format!("{head}\r\n"));
    let line = peer.line();
    line.trim_end().strip_prefix("HTTP/1.1 ").unwrap().to_owned()
}
