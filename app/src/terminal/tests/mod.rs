//! Tests of the pure parts, and of all of them together against terminal emulators.

mod completion;
mod draft;
#[path = "../../../tests/chat/emulator.rs"]
mod emulator;
mod grid;
mod keys;
mod layout;
mod painter;
mod tables;
mod width;

use super::{Draft, Effect, Keys};

/// Somebody at a keyboard.
struct Typist {
    keys: Keys,
    draft: Draft,
    /// The draft as it was whenever Enter was pressed.
    sent: Vec<String>,
    effects: Vec<Effect>,
}

impl Typist {
    fn new() -> Self {
        Self { keys: Keys::default(), draft: Draft::new(), sent: Vec::new(), effects: Vec::new() }
    }

    fn types(&mut self, bytes: &str) {
        let mut pressed = Vec::new();
        self.keys.feed(bytes.as_bytes(), &mut |key| pressed.push(key));
        for key in pressed {
            let effect = self.draft.press(key);
            self.effects.push(effect);
            if effect == Effect::Entered {
                self.sent.push(self.draft.take());
            }
        }
    }

    /// The draft, with the cursor as `|`.
    fn shows(&self) -> String {
        let view = self.draft.view();
        let (before, after) = view.text.split_at(view.cursor);
        let prompt = view.prompt.strip_prefix("[You] ").unwrap_or(&view.prompt);
        format!("{prompt}{before}|{after}")
    }
}
