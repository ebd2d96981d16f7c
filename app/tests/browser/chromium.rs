//! Chromium, driven over its debugging pipe: neither a driver nor a WebSocket client is needed.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long anything that must happen may take. Only a failure takes so long.
const LIMIT: Duration = Duration::from_secs(30);

/// Runs Chromium with its debugging pipe, descriptors 3 and 4, on this shell's standard input and
/// output. When the pipe is closed, by whatever end of the tests, it ends, and its profile goes.
const RUN: &str = "profile=$(mktemp -d) && trap '' INT && \
    chromium \"$@\" --user-data-dir=\"$profile\" 3<&0 4>&1 </dev/null >/dev/null 2>/dev/null; \
    rm -rf \"$profile\"";

/// Nothing but the own page is visited, so that it needs no sandbox, which root has none of. No name
/// leaves this machine.
const OPTIONS: [&str; 11] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--host-resolver-rules=MAP * 127.0.0.1",
    "--remote-debugging-pipe",
];

/// A running browser.
pub(crate) struct Browser {
    _child: Child,
    /// The number of the last call, and where it was written.
    input: Mutex<(u64, ChildStdin)>,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    answers: HashMap<u64, Sender<Value>>,
    /// What happened in each session that was not asked for.
    events: HashMap<String, Vec<Value>>,
}

impl Browser {
    /// The one of all tests of a process: to start one takes a second.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Browser> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    pub(crate) fn is_installed() -> bool {
        static IS_INSTALLED: OnceLock<bool> = OnceLock::new();
        *IS_INSTALLED.get_or_init(|| {
            let version = Command::new("chromium").arg("--version").output();
            version.is_ok_and(|output| output.status.success())
        })
    }

    fn start() -> Self {
        let mut child = Command::new("sh")
            .args(["-c", RUN, "sh"])
            .args(OPTIONS)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = Mutex::new((0, child.stdin.take().unwrap()));
        let output = child.stdout.take().unwrap();
        let shared = Arc::default();
        let browser = Self { _child: child, input, shared: Arc::clone(&shared) };
        thread::spawn(move || read(output, &shared));
        browser
    }

    /// Calls a method of the browser itself.
    pub(crate) fn call(&self, method: &str, parameters: Value) -> Value {
        self.call_in(None, method, parameters).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    fn call_in(
        &self,
        session: Option<&str>,
        method: &str,
        parameters: Value,
    ) -> Result<Value, Value> {
        let answer = self.send(session, method, parameters);
        let answer = answer.recv_timeout(LIMIT).unwrap_or_else(|error| panic!("{method}: {error}"));
        let Value::Object(mut answer) = answer else { panic!("{method}: {answer}") };
        match answer.remove("error") {
            Some(error) => Err(error),
            None => Ok(answer.remove("result").unwrap_or_default()),
        }
    }

    /// Sends a call. Its answer comes over what is returned.
    fn send(&self, session: Option<&str>, method: &str, parameters: Value) -> Receiver<Value> {
        let (sender, answer) = channel();
        let (id, input) = &mut *self.input.lock().unwrap();
        *id += 1;
        self.shared.lock().unwrap().answers.insert(*id, sender);
        let mut message = json!({ "id": id, "method": method, "params": parameters });
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        input.write_all(&bytes).unwrap();
        answer
    }
}

/// Reads messages, each of which ends with a NUL, and hands them to whom they are for.
fn read(output: ChildStdout, shared: &Mutex<Shared>) {
    let mut output = BufReader::new(output);
    let mut message = Vec::new();
    while output.read_until(0, &mut message).is_ok() && message.pop() == Some(0) {
        let value: Value = serde_json::from_slice(&message).unwrap();
        message.clear();
        let mut shared = shared.lock().unwrap();
        if let Some(id) = value["id"].as_u64() {
            if let Some(answer) = shared.answers.remove(&id) {
                let _ = answer.send(value);
            }
        } else if let Some(session) = value["sessionId"].as_str() {
            shared.events.entry(session.to_owned()).or_default().push(value);
        }
    }
    // Whoever waits for an answer is told that none will come.
    shared.lock().unwrap().answers.clear();
}

/// Somebody's browser, who shares nothing with others but the process.
pub(crate) struct Profile {
    browser: &'static Browser,
    context: String,
}

impl Profile {
    pub(crate) fn new() -> Self {
        let browser = Browser::shared();
        let made = browser.call("Target.createBrowserContext", json!({ "disposeOnDetach": true }));
        Self { browser, context: text(&made["browserContextId"]) }
    }

    /// Opens an address in a window of its own: a tab behind another one draws nothing.
    pub(crate) fn open(&self, url: &str) -> Tab<'_> {
        let tab = self.blank(true);
        tab.go(url);
        tab
    }

    /// A window, or a tab before that of the last one.
    pub(crate) fn blank(&self, in_window: bool) -> Tab<'_> {
        let parameters = json!({
            "url": "about:blank", "browserContextId": self.context, "newWindow": in_window,
        });
        let target = text(&self.browser.call("Target.createTarget", parameters)["targetId"]);
        let attach = json!({ "targetId": target, "flatten": true });
        let session = text(&self.browser.call("Target.attachToTarget", attach)["sessionId"]);
        let tab = Tab { profile: self, session };
        for domain in ["Page", "Runtime", "Log"] {
            tab.call(&format!("{domain}.enable"), json!({}));
        }
        // Only one window of all can have the focus.
        tab.call("Emulation.setFocusEmulationEnabled", json!({ "enabled": true }));
        tab
    }

    /// Has files that are saved put into a folder.
    pub(crate) fn save_into(&self, folder: &std::path::Path) {
        let parameters = json!({
            "behavior": "allow", "browserContextId": self.context, "downloadPath": folder,
        });
        self.browser.call("Browser.setDownloadBehavior", parameters);
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        let parameters = json!({ "browserContextId": self.context });
        let _ = self.browser.call_in(None, "Target.disposeBrowserContext", parameters);
    }
}

/// A tab.
pub(crate) struct Tab<'a> {
    profile: &'a Profile,
    session: String,
}

impl Tab<'_> {
    /// Calls a method of the tab.
    pub(crate) fn call(&self, method: &str, parameters: Value) -> Value {
        self.try_call(method, parameters).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    fn try_call(&self, method: &str, parameters: Value) -> Result<Value, Value> {
        self.profile.browser.call_in(Some(&self.session), method, parameters)
    }

    pub(crate) fn go(&self, url: &str) {
        let answer = self.call("Page.navigate", json!({ "url": url }));
        assert!(answer["errorText"].is_null(), "{url}: {}", answer["errorText"]);
        self.wait("document.readyState === 'complete'");
    }

    /// Runs a script before those of each page that is loaded.
    pub(crate) fn before_load(&self, script: &str) {
        self.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script }));
    }

    pub(crate) fn to_front(&self) {
        self.call("Page.bringToFront", json!({}));
    }

    pub(crate) fn close(self) {
        self.call("Page.close", json!({}));
    }

    /// Returns what an expression comes to, waiting for it if it is a promise.
    pub(crate) fn eval(&self, expression: &str) -> Value {
        let parameters = json!({
            "expression": expression, "awaitPromise": true, "returnByValue": true,
            "userGesture": true,
        });
        let answer = self.call("Runtime.evaluate", parameters);
        let exception = &answer["exceptionDetails"];
        assert!(exception.is_null(), "{expression}: {exception}");
        answer["result"]["value"].clone()
    }

    /// Has something done of which the end is not waited for.
    pub(crate) fn leave(&self, expression: &str) {
        self.profile.browser.send(
            Some(&self.session),
            "Runtime.evaluate",
            json!({ "expression": expression }),
        );
    }

    /// Waits until an expression is true.
    pub(crate) fn wait(&self, expression: &str) {
        let start = Instant::now();
        loop {
            let parameters = json!({ "expression": expression, "returnByValue": true });
            // While a page is loaded there may be nothing to ask.
            let answer = self.try_call("Runtime.evaluate", parameters);
            if answer.as_ref().is_ok_and(|answer| answer["result"]["value"] == true) {
                return;
            }
            assert!(
                start.elapsed() < LIMIT,
                "never {expression}: {answer:?}; {}",
                self.eval("document.body.innerText"),
            );
            thread::park_timeout(Duration::from_millis(10));
        }
    }

    /// The user likes light pages, or dark ones.
    pub(crate) fn has_scheme(&self, scheme: &str) {
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        self.call("Emulation.setEmulatedMedia", json!({ "features": [feature] }));
    }

    /// Puts text into what has the focus, as a paste or the end of a composition does.
    pub(crate) fn insert(&self, text: &str) {
        self.call("Input.insertText", json!({ "text": text }));
    }

    /// Pastes text, as it comes from the clipboard.
    pub(crate) fn paste(&self, text: &str) {
        let parameters = json!({
            "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"],
            "browserContextId": self.profile.context,
        });
        self.profile.browser.call("Browser.grantPermissions", parameters);
        self.eval(&format!("navigator.clipboard.writeText({})", Value::from(text)));
        self.key_event(json!({
            "type": "keyDown", "key": "v", "code": "KeyV", "windowsVirtualKeyCode": 86,
            "modifiers": 2, "commands": ["paste"],
        }));
    }

    /// What an input method shows of what is being composed.
    pub(crate) fn compose(&self, text: &str) {
        let end = text.encode_utf16().count();
        let parameters = json!({ "text": text, "selectionStart": end, "selectionEnd": end });
        self.call("Input.imeSetComposition", parameters);
    }

    /// Sends an event of a key, given as `Input.dispatchKeyEvent` takes it.
    pub(crate) fn key_event(&self, event: Value) {
        self.call("Input.dispatchKeyEvent", event);
    }

    /// Presses and releases a key, of which the code is that of Windows.
    pub(crate) fn press(&self, key: &str, code: u32, modifiers: u32) {
        let text = if key == "Enter" { "\r" } else { "" };
        let mut event = json!({
            "type": if text.is_empty() { "rawKeyDown" } else { "keyDown" }, "key": key, "code": key,
            "windowsVirtualKeyCode": code, "modifiers": modifiers,
        });
        if !text.is_empty() {
            event["text"] = text.into();
        }
        self.key_event(event.clone());
        event["type"] = "keyUp".into();
        self.key_event(event);
    }

    pub(crate) fn enter(&self) {
        self.press("Enter", 13, 0);
    }

    /// What is seen, as a PNG in base64.
    pub(crate) fn screenshot(&self) -> String {
        text(&self.call("Page.captureScreenshot", json!({ "format": "png" }))["data"])
    }

    /// Shows the page on another screen; a phone's if it has more than one dot for a pixel.
    pub(crate) fn has_screen(&self, width: u32, height: u32, dots: f64) {
        let screen = json!({
            "width": width, "height": height, "deviceScaleFactor": dots, "mobile": dots > 1.0,
        });
        self.call("Emulation.setDeviceMetricsOverride", screen);
    }

    /// Returns the events of a kind so far.
    pub(crate) fn events(&self, method: &str) -> Vec<Value> {
        let shared = self.profile.browser.shared.lock().unwrap();
        let events = shared.events.get(&self.session).into_iter().flatten();
        events.filter(|event| event["method"] == method).map(|e| e["params"].clone()).collect()
    }

    /// Asserts that no script failed, and that nothing was refused that the page wanted.
    pub(crate) fn assert_is_well(&self) {
        let mut wrong = self.events("Runtime.exceptionThrown");
        wrong.extend(self.events("Page.javascriptDialogOpening"));
        wrong.extend(self.events("Log.entryAdded").into_iter().filter(|entry| {
            // That a server is gone is no fault of the page's.
            entry["entry"]["level"] == "error" && entry["entry"]["source"] != "network"
        }));
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
