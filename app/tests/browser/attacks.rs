//! Whatever has been used to attack pages and those who look at them comes out as text.

use serde_json::Value;

use crate::chromium::Profile;
use crate::room::Room;

#[path = "../chat/attacks/list.rs"]
mod list;

/// What makes a script of text, on pages that take text for more.
const SCRIPTS: &[&str] = &[
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script href=data:,alert(1) />",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<math><mtext><table><mglyph><style><img src onerror=alert(1)>",
    "<iframe src=javascript:alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<object data=javascript:alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "<details open ontoggle=alert(1)>",
    "<body onpageshow=alert(1)>",
    "<input autofocus onfocus=alert(1)>",
    "<video><source onerror=alert(1)>",
    "<template><img src=x onerror=alert(1)></template>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>*{display:none}</style>",
    "<form action=//evil.example><button>Send",
    "\"><script>alert(1)</script>",
    "'-alert(1)-'",
    "</textarea><script>alert(1)</script>",
    "--><script>alert(1)</script>",
    "]]><script>alert(1)</script>",
    "${alert(1)}",
    "{{constructor.constructor('alert(1)')()}}",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;img src=x onerror=alert(1)&#62;",
    "\\u003cimg src=x onerror=alert(1)\\u003e",
    "javascript:alert(1)",
    "jaVasCript:/*-/*`/*\\`/*'/*\"/**/(/* */oNcliCk=alert() )//%0D%0A//</stYle/</titLe/</teXtarEa/\
     </scRipt/--!>\\x3csVg/<sVg/oNloAd=alert()//>\\x3e",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "<x id=log><x id=draft><x name=socket>",
];

#[test]
fn text_is_text() {
    let Some(room) = Room::open(&[]) else { return };
    let mut nc = room.member();
    let profile = Profile::new();
    let tab = profile.open(&room.url);
    tab.is_in();
    nc.line();
    let elements =
        "[...new Set([...document.querySelectorAll('*')].map(one => one.nodeName))].sort().join()";
    nc.send("시작\n");
    tab.shows("] 시작");
    let before = tab.eval(elements);
    for script in SCRIPTS {
        nc.send(format!("{script}\n/msg {} {script}\n", own_name(&tab)));
    }
    nc.send("/name <b>\n/who <i>\n/msg <u> x\n끝\n");
    tab.shows("] 끝");
    let rows = tab.rows();
    for script in SCRIPTS {
        for label in [nc.addr(), format!("{} -> you", nc.addr())] {
            let row = format!("[{label}] {script}");
            assert!(rows.contains(&row), "{row}");
        }
        // One's own text comes another way.
        tab.says(script);
        tab.shows(&format!("[You] {script}"));
    }
    assert_eq!(tab.eval(elements), before);
    assert_eq!(tab.eval("document.querySelectorAll('#log a').length"), 0);
    tab.assert_is_well();
    // What should save the page if it did take text for more.
    let refused = tab.eval(
        "(() => { try { document.body.insertAdjacentHTML('beforeend', '<i>'); return ''; } \
         catch (error) { return error.name; } })()",
    );
    assert_eq!(refused, "TypeError");
}

fn own_name(tab: &crate::chromium::Tab<'_>) -> String {
    tab.eval("document.getElementById('name').textContent").as_str().unwrap().to_owned()
}

#[test]
fn links_are_what_they_seem() {
    let Some(room) = Room::open(&[]) else { return };
    let mut nc = room.member();
    let profile = Profile::new();
    let tab = profile.open(&room.url);
    tab.is_in();
    for (text, link) in [
        ("http://example.org/a?b=c#d.", "http://example.org/a?b=c#d"),
        ("(https://example.org/a)", "https://example.org/a"),
        ("https://ko.wikipedia.org/wiki/A_(b)!", "https://ko.wikipedia.org/wiki/A_(b)"),
        ("http://example.org에서 봐요", "http://example.org"),
        ("https://example.org/a를", "https://example.org/a"),
        ("https://ko.wikipedia.org/wiki/대한민국", "https://ko.wikipedia.org/wiki/대한민국"),
        ("\"http://example.org/\"><b>", "http://example.org/"),
        ("<http://example.org/a>", "http://example.org/a"),
        ("http://user:pw@example.org/", "http://user:pw@example.org/"),
        ("http://еxample.org/", "http://еxample.org/"),
        ("HTTP://EXAMPLE.ORG", ""),
        ("javascript:alert(1)//http://", ""),
        ("javascript:alert('http://example.org')", "http://example.org"),
        ("data:text/html,<script>alert(1)</script>", ""),
        ("vbscript:x ftp://example.org file:///etc/passwd", ""),
        ("http:// https:///", ""),
        ("http://[", ""),
    ] {
        nc.send(format!("{text}\n"));
        tab.shows(&format!("] {text}"));
        let found = tab.eval(&format!(
            "(row => [...row.querySelectorAll('a')].map(a => a.textContent).join(' '))\
             ([...document.querySelectorAll('#log > div')].findLast(row => \
             row.textContent.includes({})))",
            Value::from(text),
        ));
        assert_eq!(found, link, "{text}");
    }
    let all = tab.eval(
        "[...document.querySelectorAll('#log a')].every(link => \
         ['http:', 'https:'].includes(link.protocol) && link.target === '_blank' && \
         ['noopener', 'noreferrer'].every(word => link.relList.contains(word)))",
    );
    assert_eq!(all, true);
    // Where a name looks like another one, its real one can be seen.
    let titles =
        tab.eval("[...document.querySelectorAll('#log a')].map(link => link.title).join(' ')");
    assert!(titles.as_str().unwrap().contains("http://xn--xample-2of.org/"), "{titles}");
    tab.assert_is_well();
}

/// What commands terminals commands no page, turns no text around, and forges no row.
#[test]
fn what_attacks_terminals() {
    let Some(room) = Room::open(&[]) else { return };
    let mut nc = room.member();
    let profile = Profile::new();
    let tab = profile.open(&room.url);
    tab.is_in();
    for (_, attack) in list::ATTACKS {
        nc.send(attack);
        nc.send("\n");
    }
    nc.send("끝\n");
    tab.shows("] 끝");
    // A line of the user's own never comes from the room.
    tab.insert("\u{1b}[2J\u{202e}txt.exe\u{2028}> forged");
    tab.enter();
    tab.shows("> forged");
    let rows = tab.rows();
    assert!(rows.len() > list::ATTACKS.len());
    for row in &rows {
        assert!(row.chars().all(|c| c == '\t' || !c.is_control() && !turns(c)), "{row:?}");
    }
    let notices = tab.rows_of("#log > .notice");
    assert!(notices.len() <= 3, "{notices:?}");
    // Each row is as high as its own text, and stands below the one before.
    let is_row_by_row = "[...document.querySelectorAll('#log > div')].every((row, at, all) => \
        !at || row.getBoundingClientRect().top >= all[at - 1].getBoundingClientRect().bottom - 1)";
    assert_eq!(tab.eval(is_row_by_row), true);
    tab.assert_is_well();
}

/// Returns whether a character changes the direction of text, or ends a line or a paragraph.
fn turns(c: char) -> bool {
    let marks = ['\u{61c}', '\u{200e}', '\u{200f}'];
    marks.contains(&c) || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Text that runs from the right to the left changes nothing of what stands beside it.
#[test]
fn directions_are_isolated() {
    let Some(room) = Room::open(&[]) else { return };
    let mut nc = room.member();
    let profile = Profile::new();
    let tab = profile.open(&room.url);
    tab.is_in();
    nc.send("مرحبا بالعالم 123\n");
    tab.shows("مرحبا");
    let places = tab.eval(
        "(row => { const place = node => { const range = document.createRange(); \
         range.selectNodeContents(node); return range.getBoundingClientRect().left; }; \
         return [...row.children].map(place); })(document.querySelector('#log').lastElementChild)",
    );
    let places: Vec<f64> = places.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
    assert!(places.is_sorted(), "time, name and text from the left: {places:?}");
    let direction = tab.eval(
        "(row => getComputedStyle(row.lastElementChild).direction)\
         (document.querySelector('#log').lastElementChild)",
    );
    assert_eq!(direction, "rtl");
    tab.assert_is_well();
}
